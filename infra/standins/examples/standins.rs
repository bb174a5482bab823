//! Runs the stand-ins of Gemini and YouTube until Ctrl-C.
//!
//! `cargo run --package eventrelay-standins --example standins -- <gemini port> <youtube port>`;
//! a port that is 0 or left out is a free one. Prints one line `<name> <base URL>` for each.

use std::io::Write as _;

use anyhow::Context as _;
use eventrelay_standins::{gemini, youtube};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut ports = std::env::args().skip(1).map(|port| port.parse::<u16>());
    let mut port = || ports.next().transpose().context("a port is a number");
    let gemini = gemini::start(port()?.unwrap_or(0)).await?;
    let youtube = youtube::start(port()?.unwrap_or(0)).await?;
    let mut out = std::io::stdout();
    writeln!(out, "gemini {}", gemini.base_url)?;
    writeln!(out, "youtube {}", youtube.base_url)?;
    tokio::signal::ctrl_c().await?;
    gemini.shutdown().await;
    youtube.shutdown().await;
    Ok(())
}
