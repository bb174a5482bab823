//! The runtime interface emulator of AWS as a process for each function.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, bail};
use eventrelay_tests::{PATIENCE, client, read, until};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

/// Maximum attempts of a step that races with other programs.
const TRIES: usize = 20;

/// A function in `GET /functions` of the local runtime.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Function {
    binary: PathBuf,
    memory_mb: u32,
    timeout_s: u64,
    log_format: String,
    environment: BTreeMap<String, String>,
}

/// The emulator, and those of it that run.
pub(crate) struct Emulator {
    program: PathBuf,
    functions: BTreeMap<String, Function>,
    running: BTreeMap<String, Running>,
    client: reqwest::Client,
    logs: TempDir,
}

/// Ends with its value.
struct Running {
    _process: Child,
    url: String,
}

impl Emulator {
    /// Looks for the program: what `AWS_LAMBDA_RIE` names, `aws-lambda-rie` on the path, or the one
    /// of the `sam` on the path.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let named = std::env::var_os("AWS_LAMBDA_RIE").map(PathBuf::from);
        let found = named
            .or_else(|| on_path("aws-lambda-rie"))
            .or_else(|| carried_by(&on_path("sam")?));
        let program = found.filter(|program| program.is_file()).context(
            "no aws-lambda-rie: `pip install aws-sam-cli` into an environment whose `sam` is on \
             the path, or name the program in AWS_LAMBDA_RIE",
        )?;
        Ok(Self {
            program,
            functions: BTreeMap::new(),
            running: BTreeMap::new(),
            client: client()?,
            logs: TempDir::new()?,
        })
    }

    /// Takes the functions of a stack.
    pub(crate) fn carry(&mut self, functions: Value) -> anyhow::Result<()> {
        self.functions = serde_json::from_value(functions)?;
        Ok(())
    }

    /// Invokes a function. Its answer, or its error.
    pub(crate) async fn invoke(&mut self, name: &str, event: &Value) -> anyhow::Result<Value> {
        if !self.running.contains_key(name) {
            let running = self.start(name).await?;
            self.running.insert(name.to_owned(), running);
        }
        let request = self.client.post(&self.running[name].url);
        let answer = read(request.body(event.to_string())).await?;
        if answer.status != 200 {
            let log = std::fs::read_to_string(self.log(name)).unwrap_or_default();
            bail!("{name}: {} {}\n{log}", answer.status, answer.text());
        }
        Ok(answer.json())
    }

    fn log(&self, name: &str) -> PathBuf {
        self.logs.path().join(name)
    }

    async fn start(&self, name: &str) -> anyhow::Result<Running> {
        for _ in 0..TRIES {
            if let Some(running) = self.try_start(name).await? {
                return Ok(running);
            }
        }
        let log = std::fs::read_to_string(self.log(name)).unwrap_or_default();
        bail!("{name}: the emulator does not start\n{log}")
    }

    /// Returns `None` if another program took its ports.
    async fn try_start(&self, name: &str) -> anyhow::Result<Option<Running>> {
        let function = self.functions.get(name).context("no such function")?;
        let address = format!("127.0.0.1:{}", free().await?);
        let runtime = format!("127.0.0.1:{}", free().await?);
        let log = File::create(self.log(name))?;
        let mut process = Command::new(&self.program)
            .args(["--runtime-interface-emulator-address", &address])
            .args(["--runtime-api-address", &runtime])
            .arg(&function.binary)
            .current_dir(self.logs.path())
            .env_clear()
            .envs(&function.environment)
            .envs([
                ("AWS_REGION", "us-east-1"),
                ("AWS_DEFAULT_REGION", "us-east-1"),
                ("AWS_LAMBDA_FUNCTION_NAME", name),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_LOG_FORMAT", &function.log_format),
            ])
            .env(
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                function.memory_mb.to_string(),
            )
            .env(
                "AWS_LAMBDA_FUNCTION_TIMEOUT",
                function.timeout_s.to_string(),
            )
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| self.program.display().to_string())?;
        let listens = async || {
            let has_ended = process.try_wait()?.is_some();
            let connected = TcpStream::connect(&address).await.is_ok();
            Ok((has_ended || connected).then_some(has_ended))
        };
        let has_ended = until(PATIENCE, listens).await?;
        let url = format!("http://{address}/2015-03-31/functions/function/invocations");
        Ok((!has_ended).then_some(Running {
            _process: process,
            url,
        }))
    }
}

/// Returns a free port below the ephemeral range. The emulator cannot choose a port and report it.
async fn free() -> anyhow::Result<u16> {
    for _ in 0..TRIES {
        let port = fastrand::u16(20_000..32_000);
        if TcpListener::bind(("127.0.0.1", port)).await.is_ok() {
            return Ok(port);
        }
    }
    bail!("no port is free")
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(program));
    places.find(|place| place.is_file())
}

/// The emulator in the environment that a `sam` is installed in.
fn carried_by(sam: &Path) -> Option<PathBuf> {
    let architecture = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        other => other,
    };
    let program = format!("site-packages/samcli/local/rapid/aws-lambda-rie-{architecture}");
    let environment = sam.canonicalize().ok()?.parent()?.parent()?.join("lib");
    let pythons = std::fs::read_dir(environment).ok()?.flatten();
    let mut places = pythons.map(|python| python.path().join(&program));
    places.find(|place| place.is_file())
}
