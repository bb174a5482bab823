//! Control of a stack's stand-ins and the calls they have received.

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::Value;

use crate::{Stack, read};

impl Stack {
    /// Sends `DELETE`, `POST` or `PUT` to a control endpoint of a stand-in.
    pub async fn control(&self, method: Method, url: String, body: Value) -> anyhow::Result<()> {
        let request = self
            .client
            .request(method, &url)
            .header("content-type", "application/json");
        let answer = read(request.body(body.to_string())).await?;
        ensure!(answer.status.is_success(), "{url}: {}", answer.text());
        Ok(())
    }

    /// Changes settings of the Gemini stand-in, for example its latency.
    pub async fn gemini_settings(&self, settings: Value) -> anyhow::Result<()> {
        let url = format!("{}/_control/settings", self.ready.standins.gemini);
        self.control(Method::PUT, url, settings).await
    }

    /// Plans a fault of the Gemini stand-in.
    pub async fn gemini_fault(&self, fault: Value) -> anyhow::Result<()> {
        let url = format!("{}/_control/faults", self.ready.standins.gemini);
        self.control(Method::POST, url, fault).await
    }

    /// Calls that the Gemini stand-in has received with `part` in their path.
    pub async fn gemini_calls(&self, part: &str) -> anyhow::Result<Vec<Value>> {
        let url = format!("{}/_control/calls", self.ready.standins.gemini);
        let calls = read(self.client.get(url)).await?.json();
        let calls = calls.as_array().context("no list of calls")?.iter();
        let of_part = |call: &&Value| call["path"].as_str().unwrap_or_default().contains(part);
        Ok(calls.filter(of_part).cloned().collect())
    }

    /// Files that the Gemini stand-in stores.
    pub async fn gemini_files(&self) -> anyhow::Result<Vec<Value>> {
        let url = format!("{}/_control/files", self.ready.standins.gemini);
        let files = read(self.client.get(url)).await?.json();
        Ok(files
            .as_array()
            .or(files["files"].as_array())
            .context("no list of files")?
            .clone())
    }
}
