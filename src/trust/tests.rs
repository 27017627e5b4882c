//! Tests over the whole room: against the real OpenSSH, against agents that misbehave, and against the corpus.

mod agents;
mod bare;
mod certificates;
mod corpus;
mod envelopes;
mod hostile;
mod offline;
mod openssh;
pub(crate) mod samples;
mod short_scalars;
mod stamps;
