//! HTTP client of a stack's API.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::{PATIENCE, Response, Stack, read, until};

impl Stack {
    /// Sends a request to the API with the default key, unless the headers contain another. `url` is
    /// absolute or a path.
    pub async fn call(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> anyhow::Result<Response> {
        let url = if url.starts_with("http") {
            url.to_owned()
        } else {
            format!("{}{url}", self.ready.api)
        };
        let mut request = self.client.request(method, url);
        if !headers.iter().any(|(name, _)| *name == "x-api-key") {
            request = request.header("x-api-key", &self.ready.api_key);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        read(request).await
    }

    pub async fn get(&self, url: &str) -> anyhow::Result<Response> {
        self.call(Method::GET, url, &[], None).await
    }

    pub async fn post(&self, url: &str, body: Value) -> anyhow::Result<Response> {
        self.call(Method::POST, url, &[], Some(body)).await
    }

    /// Sends `GET`, asserts status 200 and returns the JSON body.
    pub async fn get_json(&self, url: &str) -> anyhow::Result<Value> {
        Ok(self.get(url).await?.expect(200).json())
    }

    /// Sends `POST`, asserts status 202 and returns the job.
    pub async fn accepted(&self, url: &str, body: Value) -> anyhow::Result<Value> {
        Ok(self.post(url, body).await?.expect(202).json())
    }

    /// HTTP client without the API key.
    #[must_use]
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Submits a video, waits for the end of its job and returns the job.
    pub async fn run(&self, submission: Value) -> anyhow::Result<Value> {
        let job = self.accepted("/v1/videos", submission).await?;
        self.end_of(&job).await
    }

    /// Waits for the end of a job and returns it.
    pub async fn end_of(&self, job: &Value) -> anyhow::Result<Value> {
        let path = format!("/v1/jobs/{}", job["job_id"].as_str().context("no job id")?);
        until(PATIENCE, async || {
            let job = self.get_json(&path).await?;
            let ended = ["done", "failed", "cancelled"]
                .iter()
                .any(|end| job["status"] == **end);
            Ok(ended.then_some(job))
        })
        .await
    }

    /// Uploads a recording through the API and returns its upload id.
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> anyhow::Result<String> {
        let sha256 = hex::encode(sha2::Sha256::digest(&bytes));
        let body = json!({
            "file_name": name, "content_type": "video/mp4", "size_bytes": bytes.len(), "sha256": sha256,
        });
        let granted = self.post("/v1/uploads", body).await?.expect(201).json();
        self.put_upload(&granted, bytes).await
    }

    /// Sends the bytes of a granted upload and returns its id.
    pub async fn put_upload(&self, granted: &Value, bytes: Vec<u8>) -> anyhow::Result<String> {
        let put = &granted["upload"];
        let mut request = self.client.put(put["url"].as_str().context("no URL")?);
        for (name, value) in put["headers"].as_object().context("no headers")? {
            request = request.header(name, value.as_str().unwrap_or_default());
        }
        let _ = read(request.body(bytes)).await?.expect(200);
        let id = granted["upload_id"].as_str().context("no upload id")?;
        Ok(id.to_owned())
    }
}
