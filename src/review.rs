//! The use cases, one file a verb: what the console and the commands both call.
