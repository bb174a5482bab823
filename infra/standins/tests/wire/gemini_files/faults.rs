//! Faults of uploads and files.

use serde_json::{Value, json};

use crate::common::{protos::Protos, read};

use super::{CHUNK, command, start, start_of, started, upload};

#[tokio::test]
async fn file_fault_of_every_kind_takes_effect() {
    let protos = Protos::read();
    let (_running, caller) = started().await;
    let file = upload(&caller, "v1beta", vec![1; 10]).await;
    let path = format!("/v1beta/{}", file["name"].as_str().unwrap());
    for (on, method) in [("get_file", "GET"), ("delete_file", "DELETE")] {
        let call = || caller.request(method, &path).send();
        caller
            .fault(on, json!({"kind": "status", "status": 500}))
            .await;
        let (status, error) = read(call().await.unwrap()).await;
        assert_eq!(status, 500);
        protos.check_error(500, "INTERNAL", &error);
        caller.fault(on, json!({"kind": "overloaded"})).await;
        assert_eq!(call().await.unwrap().status(), 503);
        caller
            .fault(on, json!({"kind": "rate_limited", "retry_delay_s": 3}))
            .await;
        assert_eq!(call().await.unwrap().status(), 429);
        caller.fault(on, json!({"kind": "reset"})).await;
        assert!(call().await.is_err());
        assert_eq!(caller.calls().await.last().unwrap()["status"], Value::Null);
    }
    assert_eq!(caller.get(&path).await.0, 200, "no fault deleted the file");

    caller
        .fault(
            "upload_start",
            json!({"kind": "status", "status": 502, "body": "<html>"}),
        )
        .await;
    let response = start_of(&caller, "v1beta", 10, &json!({})).await;
    assert_eq!(read(response).await, (502, json!("<html>")));
    let url = start(&caller, "v1beta", CHUNK).await;
    caller
        .fault("upload_chunk", json!({"kind": "overloaded"}))
        .await;
    let response = command(&caller, &url, "upload, finalize", 0, vec![0; CHUNK])
        .await
        .unwrap();
    assert_eq!(response.status(), 503);
    let response = command(&caller, &url, "upload, finalize", 0, vec![0; CHUNK])
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}
