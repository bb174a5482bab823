//! Runs all stand-ins until Ctrl-C.
//!
//! `cargo run --package eventrelay-standins --example standins -- <gemini port> <youtube port>
//! <github port> <vercel port> <netlify port>`; a port that is 0 or left out is a free one. Prints one
//! line `<name> <base URL>` for each.

use std::io::Write as _;

use anyhow::Context as _;
use eventrelay_standins::{gemini, github, netlify, vercel, youtube};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut ports = std::env::args().skip(1).map(|port| port.parse::<u16>());
    let mut port = || {
        let port = ports.next().transpose().context("a port is a number");
        port.map(Option::unwrap_or_default)
    };
    let running = [
        ("gemini", gemini::start(port()?).await?),
        ("youtube", youtube::start(port()?).await?),
        ("github", github::start(port()?).await?),
        ("vercel", vercel::start(port()?).await?),
        ("netlify", netlify::start(port()?).await?),
    ];
    let mut out = std::io::stdout();
    for (name, running) in &running {
        writeln!(out, "{name} {}", running.base_url)?;
    }
    tokio::signal::ctrl_c().await?;
    for (_, running) in running {
        running.shutdown().await;
    }
    Ok(())
}
