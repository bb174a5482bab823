//! The same lookups of all servers: the handler, the Python baselines, and the whole local stack.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use eventrelay::store::compression::gunzip;
use reqwest::Client;
use serde::Serialize;

use crate::{
    body, catalog,
    catalog::{Lookup, Lookups},
    handler::{InstanceCache, Server},
    load::{self, Pick, Target},
    measure::{self, Effort, Measured, Subject},
    process::{Cores, Watched},
    python::Baselines,
    serve,
    setup::Setup,
};

/// One server among the others.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Compared {
    pub(crate) measured: Measured,
    /// Memory of its processes at the end, in KiB.
    pub(crate) resident_kib: u64,
}

/// Names in the report, which computes ratios to the last two.
pub(crate) const BEFORE: &str = "Python, before";
pub(crate) const AFTER: &str = "Python, after";

/// The server of the handler with a body that it has at hand.
const FLOOR: &str = "HTTP alone, same body";

/// Compares the handler with the baselines.
pub(crate) async fn handlers(
    setup: &Setup,
    videos: usize,
    baselines: Option<&Baselines>,
    cores: &Cores,
    effort: Effort,
) -> anyhow::Result<Vec<Compared>> {
    let lookups = setup.first(videos);
    let on = setup
        .environment
        .start(InstanceCache::Entries(2 * videos))
        .await?;
    let off = setup.environment.start(InstanceCache::Off).await?;
    let mut subjects = vec![
        subject("handler, in memory", &on, &lookups, false),
        subject("handler, in memory, gzip", &on, &lookups, true),
        subject("handler, index", &off, &lookups, false),
        subject("handler, index, gzip", &off, &lookups, true),
    ];
    // Without a lookup, by the same server.
    let floor = Lookup {
        path: serve::FLOOR.into(),
        plain: body::LENGTH,
        gzip: body::LENGTH,
    };
    let alone = subject(FLOOR, &off, &Lookups::from([floor]), false);
    let mut pythons = Vec::new();
    if let Some(baselines) = baselines {
        for (name, server) in [
            (AFTER, baselines.after().await?),
            (BEFORE, baselines.before().await?),
        ] {
            subjects.push(subject(name, &server, &lookups, false));
            pythons.push(server);
        }
    }
    for subject in &subjects {
        subject.watched.pin(&cores.server)?;
        verify(setup.stack.client(), subject).await?;
    }
    subjects.push(alone);
    // Those that remember have seen every video before it is measured.
    for subject in &subjects {
        if subject.name == AFTER || subject.name == "handler, in memory" {
            let _ = load::run(&subject.target, effort.connections, Pick::Each).await?;
        }
    }
    compare(&subjects, effort).await
}

/// Measures the way through gateway, runtime and function, and beside it that of a function which
/// does nothing.
pub(crate) async fn stack(
    setup: &Setup,
    videos: usize,
    cores: &Cores,
    effort: Effort,
) -> anyhow::Result<Vec<Compared>> {
    let ready = &setup.stack.ready;
    let address: SocketAddr = ready
        .api
        .strip_prefix("http://")
        .context("the API is not plain HTTP")?
        .parse()?;
    let watched = Watched::WithChildren(setup.stack.process().context("the stack has ended")?);
    watched.pin(&cores.server)?;
    let empty = setup.stack.get("/health").await?.expect(200).body.len();
    let target = |lookups: Lookups| Target {
        address,
        lookups,
        gzip: false,
        headers: format!("x-api-key: {}\r\n", ready.api_key),
    };
    let subjects = [
        Subject {
            name: "whole local stack".to_owned(),
            target: target(setup.first(videos)),
            watched,
        },
        Subject {
            name: "whole local stack, empty function".to_owned(),
            target: target(Lookups::from([Lookup {
                path: "/health".into(),
                plain: empty,
                gzip: empty,
            }])),
            watched,
        },
    ];
    verify(setup.stack.client(), &subjects[0]).await?;
    compare(&subjects, effort).await
}

fn subject(name: &str, server: &Server, lookups: &Lookups, gzip: bool) -> Subject {
    Subject {
        name: name.to_owned(),
        target: Target {
            address: server.address,
            lookups: lookups.clone(),
            gzip,
            headers: String::new(),
        },
        watched: Watched::Alone(server.process),
    }
}

async fn compare(subjects: &[Subject], effort: Effort) -> anyhow::Result<Vec<Compared>> {
    let measured = measure::rounds(subjects, effort).await?;
    let both = subjects.iter().zip(measured);
    both.map(|(subject, measured)| {
        Ok(Compared {
            measured,
            resident_kib: subject.watched.memory()?.now,
        })
    })
    .collect()
}

/// Compares some bodies byte by byte. Under load only their length is checked.
async fn verify(client: &Client, subject: &Subject) -> anyhow::Result<()> {
    let target = &subject.target;
    for number in [0, target.lookups.len() - 1] {
        let url = format!("http://{}{}", target.address, target.lookups[number].path);
        let mut request = client.get(url);
        for line in target.headers.lines() {
            let (name, value) = line.split_once(": ").context("no header line")?;
            request = request.header(name, value);
        }
        if target.gzip {
            request = request.header("accept-encoding", "gzip");
        }
        // Not by what the contract says: these bodies are of the right length, and not much else.
        let response = request.send().await?.error_for_status()?;
        let encoding = response.headers().get("content-encoding").cloned();
        let bytes = response.bytes().await?.to_vec();
        let plain = if encoding.is_some_and(|encoding| encoding == "gzip") {
            gunzip(&bytes, body::LENGTH as u64)?
        } else {
            bytes
        };
        ensure!(
            plain == catalog::body(number as u64).plain.as_bytes(),
            "{}: video {number} has another body",
            subject.name
        );
    }
    Ok(())
}
