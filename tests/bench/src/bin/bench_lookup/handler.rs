//! The handler in a process of its own, with the environment of the function that it belongs to.

use std::{net::SocketAddr, process::Stdio};

use anyhow::Context as _;
use eventrelay_tests::{PATIENCE, Stack};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{catalog, process};

/// The function whose handler it is.
const FUNCTION: &str = "get-video";

/// Limit of the function's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InstanceCache {
    /// Nothing: every lookup asks the store.
    Off,
    /// So many analyses, as long as a run takes.
    Entries(usize),
}

/// A server in a process of its own. Ends with its value.
#[derive(Debug)]
pub(crate) struct Server {
    _child: Child,
    pub(crate) process: u32,
    pub(crate) address: SocketAddr,
}

/// The environment that the local runtime gives the function.
#[derive(Clone, Debug)]
pub(crate) struct Environment(Vec<(String, String)>);

impl InstanceCache {
    /// The variables of `template.yaml` that say so.
    fn variables(self) -> [(&'static str, String); 3] {
        let (seconds, entries) = match self {
            Self::Off => (0, 0),
            Self::Entries(entries) => (24 * 3600, entries),
        };
        // Room for a body of 20 kB as it is and in gzip, so that the number of entries decides.
        [
            ("MEMORY_TTL_S", seconds.to_string()),
            ("MEMORY_ENTRIES", entries.to_string()),
            ("MEMORY_BYTES", (entries * 32 * 1024).to_string()),
        ]
    }
}

impl Environment {
    /// Has the stack start the function, and reads the environment that it was started with.
    pub(crate) async fn read(stack: &Stack) -> anyhow::Result<Self> {
        let _ = stack.get(&catalog::path(u64::MAX)).await?.expect(404);
        let runtime = stack.process().context("the stack has ended")?;
        process::children(runtime)?
            .into_iter()
            .find_map(|child| process::environment_of(child, FUNCTION))
            .map(Self)
            .context("no instance of the function runs")
    }

    /// The same with another value for a variable.
    #[must_use]
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let others = self.0.iter().filter(|(other, _)| other != name).cloned();
        Self(
            others
                .chain([(name.to_owned(), value.to_owned())])
                .collect(),
        )
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> anyhow::Result<&str> {
        let variable = self.0.iter().find(|(other, _)| other == name);
        variable
            .map(|(_, value)| value.as_str())
            .with_context(|| format!("{FUNCTION} has no variable {name}"))
    }

    pub(crate) async fn start(&self, memory: InstanceCache) -> anyhow::Result<Server> {
        // The running program, even if it was rebuilt since.
        let mut command = Command::new("/proc/self/exe");
        command
            .arg("serve")
            .env_clear()
            .envs(self.0.iter().map(|(name, value)| (name, value)))
            .envs(memory.variables());
        Server::start(command).await
    }
}

impl Server {
    /// Starts a program that prints the port it serves on.
    pub(crate) async fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await??;
        let port: u16 = line
            .context("the server ended before it was ready")?
            .trim()
            .parse()?;
        Ok(Self {
            process: child.id().context("the server has ended")?,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            _child: child,
        })
    }
}
