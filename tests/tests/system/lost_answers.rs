//! Lost responses of writes. The SDK repeats a write whose response was lost, and its condition fails
//! the second time: the worker must recognize its own write.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::Client;
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use eventrelay::{
    clock::Timestamp,
    ids::JobId,
    job::Job,
    store::jobs::{Jobs, Lease},
};
use eventrelay_tests::{Stack, faults::WORKER, gate::http_client};
use serde_json::json;

/// Loses the answer to every other request, beginning with the first.
#[derive(Clone, Debug)]
struct Losing {
    inner: SharedHttpClient,
    loses: Arc<AtomicBool>,
}

impl HttpClient for Losing {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(LosingConnector {
            inner: self.inner.http_connector(settings, components),
            loses: self.loses.clone(),
        })
    }
}

struct LosingConnector {
    inner: SharedHttpConnector,
    loses: Arc<AtomicBool>,
}

impl fmt::Debug for LosingConnector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LosingConnector")
            .finish_non_exhaustive()
    }
}

impl HttpConnector for LosingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, loses) = (self.inner.clone(), self.loses.clone());
        HttpConnectorFuture::new(async move {
            let answer = inner.call(request).await;
            if loses.fetch_xor(true, Ordering::SeqCst) {
                Err(ConnectorError::io("the answer is lost".into()))
            } else {
                answer
            }
        })
    }
}

#[tokio::test]
async fn step_whose_write_response_is_lost_continues() {
    let stack = Stack::start().await.unwrap();
    stack.read_queue(WORKER, false).await.unwrap();
    let submission = json!({"url": "HHHHHHHHHHA"});
    let job = stack.accepted("/v1/videos", submission).await.unwrap();
    let id: JobId = job["job_id"].as_str().unwrap().parse().unwrap();

    let losing = Losing {
        inner: http_client(),
        loses: Arc::new(AtomicBool::new(true)),
    };
    let config = stack.dynamodb_config().http_client(losing).build();
    let jobs = Jobs::new(
        Client::from_conf(config),
        stack.name("JobsTable").to_owned(),
    );
    let row = jobs.get::<Job>(&id).await.unwrap().unwrap();
    let now = Timestamp::now();
    let lease = |worker: &str| Lease {
        worker: worker.to_owned(),
        until: now + Duration::from_secs(20),
    };
    let acquire = async |worker| {
        let lease = lease(worker);
        jobs.acquire(&row.job, row.version, &lease, now)
            .await
            .unwrap()
    };
    assert!(acquire("a").await, "it is ours");
    assert!(!acquire("b").await, "it is not theirs");
    let save = async |worker| {
        let saved = jobs.save(&row.job, row.version, worker, None).await;
        saved.unwrap()
    };
    assert!(!save("b").await, "they have no lease");
    assert!(save("a").await, "we have");
}
