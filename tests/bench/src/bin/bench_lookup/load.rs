//! Closed-loop load generator: each keep-alive connection sends a request and checks its response.
//!
//! It does as little work per request as HTTP/1.1 allows, because it may share its core with the store.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use fastrand::Rng;
use hdrhistogram::Histogram;
use memchr::memmem;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

use crate::catalog::Lookups;

/// A request that takes longer is an error.
const PATIENCE: Duration = Duration::from_secs(60);

/// Server and requests of a load.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) lookups: Lookups,
    /// Requests accept gzip, and responses must use it.
    pub(crate) gzip: bool,
    /// Further header lines, each with its line end.
    pub(crate) headers: String,
}

/// Which lookups are made, and how many.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pick {
    /// Any of them for so long; the same seed gives every target the same sequence.
    Random { seed: u64, time: Duration },
    /// So many of any of them.
    Some { seed: u64, count: usize },
    /// Each of them once.
    Each,
}

/// Result of a load.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) requests: u64,
    pub(crate) elapsed: Duration,
    /// Latency of each request in microseconds.
    pub(crate) latency: Histogram<u64>,
}

/// Puts load on a target through so many connections at once.
pub(crate) async fn run(target: &Target, connections: usize, pick: Pick) -> anyhow::Result<Load> {
    ensure!(!target.lookups.is_empty(), "nothing to look up");
    let target = Arc::new(target.clone());
    let mut opened = Vec::with_capacity(connections);
    for _ in 0..connections {
        opened.push(Connection::open(target.address).await?);
    }
    let started = Instant::now();
    let mut running = JoinSet::new();
    for (position, connection) in opened.into_iter().enumerate() {
        let turns = Turns::new(pick, target.lookups.len(), position, connections, started);
        running.spawn(ask(connection, target.clone(), turns));
    }
    let mut latency = Histogram::new(3)?;
    while let Some(ended) = running.join_next().await {
        latency.add(ended??)?;
    }
    Ok(Load {
        requests: latency.len(),
        elapsed: started.elapsed(),
        latency,
    })
}

async fn ask(
    mut connection: Connection,
    target: Arc<Target>,
    turns: Turns,
) -> anyhow::Result<Histogram<u64>> {
    let mut latency = Histogram::new(3)?;
    let mut request = Vec::with_capacity(512);
    for turn in turns {
        let lookup = &target.lookups[turn];
        let (encoding, length) = if target.gzip {
            ("accept-encoding: gzip\r\n", lookup.gzip)
        } else {
            ("", lookup.plain)
        };
        request.clear();
        for part in [
            "GET ",
            &lookup.path,
            " HTTP/1.1\r\nhost: 127.0.0.1\r\n",
            encoding,
        ] {
            request.extend_from_slice(part.as_bytes());
        }
        request.extend_from_slice(target.headers.as_bytes());
        request.extend_from_slice(b"\r\n");
        let asked = Instant::now();
        let answered = tokio::time::timeout(PATIENCE, connection.exchange(&request, length));
        answered.await?.with_context(|| lookup.path.clone())?;
        latency.record(u64::try_from(asked.elapsed().as_micros())?)?;
    }
    Ok(latency)
}

/// The sequence of lookups of one connection.
struct Turns {
    pick: Pick,
    rng: Rng,
    lookups: usize,
    next: usize,
    step: usize,
    started: Instant,
}

impl Turns {
    fn new(pick: Pick, lookups: usize, position: usize, of: usize, started: Instant) -> Self {
        let seed = match pick {
            Pick::Random { seed, .. } | Pick::Some { seed, .. } => seed,
            Pick::Each => 0,
        };
        Self {
            pick,
            rng: Rng::with_seed(seed.wrapping_mul(1_000_003) + position as u64),
            lookups,
            next: position,
            step: of,
            started,
        }
    }
}

impl Iterator for Turns {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let turn = self.next;
        self.next += self.step;
        match self.pick {
            Pick::Random { time, .. } => {
                (self.started.elapsed() < time).then(|| self.rng.usize(..self.lookups))
            }
            Pick::Some { count, .. } => (turn < count).then(|| self.rng.usize(..self.lookups)),
            Pick::Each => (turn < self.lookups).then_some(turn),
        }
    }
}

struct Connection {
    stream: TcpStream,
    buffer: Box<[u8]>,
}

impl Connection {
    async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; 64 * 1024].into(),
        })
    }

    /// Sends a request and reads its response, which must be 200 with a body of this length.
    async fn exchange(&mut self, request: &[u8], length: usize) -> anyhow::Result<()> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let head = loop {
            ensure!(filled < self.buffer.len(), "the head is too long");
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            ensure!(read > 0, "the connection was closed");
            filled += read;
            if let Some(end) = memmem::find(&self.buffer[..filled], b"\r\n\r\n") {
                break end + 4;
            }
        };
        let announced = content_length(&self.buffer[..head])?;
        ensure!(
            announced == length,
            "a body of {announced} bytes instead of {length}"
        );
        let mut received = filled - head;
        while received < length {
            let read = self.stream.read(&mut self.buffer).await?;
            ensure!(read > 0, "the connection was closed");
            received += read;
        }
        ensure!(received == length, "more than one response");
        Ok(())
    }
}

/// Length of the body of a successful response.
fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let _ = response.parse(head)?;
    if response.code != Some(200) {
        bail!("status {}", response.code.unwrap_or_default());
    }
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .context("a response without content-length")?;
    Ok(std::str::from_utf8(length.value)?.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_with_error_or_bad_framing_is_refused() {
        let length = |head: &str| content_length(head.as_bytes());
        let good = "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 12\r\n\r\n";
        assert_eq!(length(good).unwrap(), 12);
        assert!(length(&good.replace("200", "404")).is_err());
        assert!(length("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn connections_share_the_lookups() {
        let turns = |pick, position| Turns::new(pick, 10, position, 3, Instant::now());
        let each: Vec<Vec<usize>> = (0..3).map(|p| turns(Pick::Each, p).collect()).collect();
        assert_eq!(each, [vec![0, 3, 6, 9], vec![1, 4, 7], vec![2, 5, 8]]);
        let some = |seed, position| turns(Pick::Some { seed, count: 20 }, position);
        assert_eq!((0..3).map(|p| some(1, p).count()).sum::<usize>(), 20);
        assert!(some(1, 0).eq(some(1, 0)) && some(1, 0).ne(some(2, 0)));
    }
}
