//! The ledger: listed, opened and checked in the background.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::Worker;
use crate::domain::ids::{Digest, RecordId};
use crate::error::AppError;
use crate::review::browse::{self, Stop};
use crate::tui::effect::{LedgerAsk, RequestId};
use crate::tui::msg::{Failure, LedgerNews, Msg};

/// What goes on over the ledger and may be called off.
#[derive(Default)]
pub(super) struct Tasks {
    going: Mutex<HashMap<RequestId, Stop>>,
}

impl Tasks {
    fn begin(&self, request: RequestId) -> Stop {
        Worker::lock(&self.going).entry(request).or_default().clone()
    }

    fn end(&self, request: RequestId) {
        Worker::lock(&self.going).remove(&request);
    }

    fn call_off(&self, request: RequestId) {
        if let Some(stop) = Worker::lock(&self.going).get(&request) {
            stop.call_off();
        }
    }

    /// Calls everything off: the program does not end before its threads do.
    pub(super) fn close(&self) {
        Worker::lock(&self.going).values().for_each(Stop::call_off);
    }
}

fn failure(task: &str, error: AppError) -> Failure {
    Failure { task: task.to_owned(), message: error.message, hints: error.hints }
}

impl Worker {
    /// Begins what is asked of the ledger. Returns at once.
    pub(super) fn ask_ledger(self: &Arc<Self>, ask: LedgerAsk) {
        let worker = Arc::clone(self);
        match ask {
            LedgerAsk::List(request) => {
                let stop = self.ledger.begin(request);
                drop(tokio::spawn(async move { worker.list_records(request, stop).await }));
            }
            LedgerAsk::Open { request, record, envelope } => {
                drop(tokio::spawn(async move { worker.open_record(request, &record, &envelope).await }));
            }
            LedgerAsk::Check(request) => {
                let stop = self.ledger.begin(request);
                drop(tokio::spawn(async move { worker.check_ledger(request, stop).await }));
            }
            LedgerAsk::CallOff(request) => self.ledger.call_off(request),
        }
    }

    fn tell(&self, news: LedgerNews) {
        self.send(Msg::Ledger(news));
    }

    async fn list_records(self: &Arc<Self>, request: RequestId, stop: Stop) {
        let listed = async {
            let desk = self.desk().await?;
            let state = Box::new(browse::state(&desk).await?);
            self.tell(LedgerNews::State { request, state, now: desk.clock.now() });
            let worker = Arc::clone(self);
            browse::list(&desk, stop, move |lines| worker.tell(LedgerNews::Page { request, lines })).await
        };
        let outcome = listed.await;
        self.ledger.end(request);
        self.tell(match outcome {
            Ok(()) => LedgerNews::Listed { request },
            Err(error) => LedgerNews::OutOfReach { request, failure: failure("read the ledger", error) },
        });
    }

    async fn open_record(&self, request: RequestId, record: &RecordId, envelope: &Digest) {
        let sheet = async { browse::open(&*self.desk().await?, record, envelope).await };
        let sheet = sheet.await.map(Arc::new).map_err(|e| failure(&format!("read the record {record}"), e));
        self.tell(LedgerNews::Opened { request, sheet });
    }

    async fn check_ledger(self: &Arc<Self>, request: RequestId, stop: Stop) {
        let worker = Arc::clone(self);
        let progress = move |done, all| worker.tell(LedgerNews::Checking { request, done, all });
        let check = async { browse::check(&*self.desk().await?, stop, progress).await };
        let check = check.await.map(|found| found.map(Box::new)).map_err(|e| failure("check the ledger", e));
        self.ledger.end(request);
        self.tell(LedgerNews::Checked { request, check });
    }
}
