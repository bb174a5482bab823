//! A process of a function.

use std::{
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context as _;
use bytes::Bytes;
use eventrelay::telemetry::TraceId;
use jiff::Timestamp;
use tokio::process::{Child, Command};
use uuid::Uuid;

use super::{
    Answer, InstanceState, Invocation, Outcome, Roster, Settings, environment, error_document,
    logs::Log,
    records::billed_ms,
    runtime_api::{RuntimeApi, Signal, Work, too_large_message},
};
use crate::{
    sync::lock,
    template::{ACCOUNT, REGION, model::Function},
};

/// Maximum time from the start of an instance to its first request for work
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>).
const INIT_LIMIT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Instance {
    id: String,
    function: String,
    timeout: Duration,
    memory_mb: u32,
    child: Child,
    api: RuntimeApi,
    launched: Instant,
    initialised: bool,
    resting_since: Instant,
    roster: Roster,
    log: Arc<Log>,
}

pub(super) struct Ended {
    pub(super) answer: Answer,
    pub(super) invocation: Invocation,
    /// True if the instance can take another request.
    pub(super) alive: bool,
}

/// Event that ends a wait for the process.
enum Heard {
    Signal(Signal),
    Exit(Option<ExitStatus>),
    Late,
}

impl Instance {
    pub(super) async fn launch(
        function: &Function,
        settings: &Settings,
        log: Arc<Log>,
        roster: Roster,
    ) -> anyhow::Result<Self> {
        let id = Uuid::now_v7().simple().to_string();
        let api = RuntimeApi::listen().await?;
        let today = Timestamp::now().strftime("%Y/%m/%d").to_string();
        let log_stream = format!("{today}/[$LATEST]{id}");
        let address = api.address.to_string();
        let binary = settings.binaries.join(&function.binary);
        let launched = Instant::now();
        let mut child = Command::new(&binary)
            .env_clear()
            .envs(environment::variables(
                function,
                settings,
                &address,
                &log_stream,
            ))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C in a terminal goes to the whole process group, but functions must outlive the
            // orderly stop.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(log.clone().copy(stdout));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(log.clone().copy(stderr));
        }
        let state = InstanceState {
            function: function.name.clone(),
            instance: id.clone(),
            pid: child.id(),
            state: "starting",
            started_at: unix_ms(),
            payload: Bytes::new(),
        };
        lock(&roster).insert(id.clone(), state);
        Ok(Self {
            id,
            function: function.name.clone(),
            timeout: function.timeout,
            memory_mb: function.memory_mb,
            child,
            api,
            launched,
            initialised: false,
            resting_since: launched,
            roster,
            log,
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Marks the start of the idle time.
    pub(super) fn rest(&mut self) {
        self.resting_since = Instant::now();
    }

    pub(super) fn idle_for(&self) -> Duration {
        self.resting_since.elapsed()
    }

    /// Kills the process and waits for its end.
    pub(super) async fn stop(mut self) {
        // The process may have ended.
        let _ = self.child.kill().await;
    }

    /// Runs one invocation to its end.
    pub(super) async fn invoke(
        &mut self,
        request_id: &str,
        trace: TraceId,
        payload: Bytes,
    ) -> Ended {
        let mut init = None;
        let mut started = (Instant::now(), unix_ms());
        if !self.initialised {
            let failure = self.initialise(request_id).await;
            init = Some(self.launched.elapsed());
            if let Some((outcome, document)) = failure {
                return self.ended(request_id, started, init, outcome, document);
            }
            started = (Instant::now(), unix_ms());
        }
        self.log
            .line(&format!("START RequestId: {request_id} Version: $LATEST"));
        let work = Work {
            request_id: request_id.to_owned(),
            payload,
            deadline_ms: started.1 + u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX),
            function_arn: format!(
                "arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}",
                self.function
            ),
            trace_id: format!("{};Sampled=0", trace.header()),
        };
        // The channel holds one request, and the last one has been taken. If the process has ended,
        // `hear` reports it.
        let _ = self.api.work.try_send(work);
        let (outcome, document) = loop {
            match self
                .hear(self.timeout.saturating_sub(started.0.elapsed()))
                .await
            {
                Heard::Signal(Signal::Ready) => {}
                Heard::Signal(Signal::Response(payload)) => break (Outcome::Success, payload),
                Heard::Signal(Signal::Error(document)) => break (Outcome::Error, document),
                Heard::Signal(Signal::InitError(document)) => break (Outcome::InitError, document),
                Heard::Signal(Signal::ResponseTooLarge) => {
                    let document =
                        error_document("Function.ResponseSizeTooLarge", &too_large_message());
                    break (Outcome::Error, document);
                }
                Heard::Exit(status) => break (Outcome::Exit, exit_document(request_id, status)),
                Heard::Late => break (Outcome::Timeout, self.timed_out(request_id, self.timeout)),
            }
        };
        self.ended(request_id, started, init, outcome, document)
    }

    /// Waits for the first request for work. Returns the failure if there is none.
    async fn initialise(&mut self, request_id: &str) -> Option<(Outcome, Bytes)> {
        match self.hear(INIT_LIMIT).await {
            Heard::Signal(Signal::Ready) => {
                self.initialised = true;
                None
            }
            Heard::Signal(Signal::InitError(document)) => Some((Outcome::InitError, document)),
            Heard::Signal(_) => {
                let message = "the process answered a request that it was not given";
                Some((
                    Outcome::InitError,
                    error_document("Runtime.Unknown", message),
                ))
            }
            Heard::Exit(status) => Some((Outcome::InitError, exit_document(request_id, status))),
            Heard::Late => Some((Outcome::Timeout, self.timed_out(request_id, INIT_LIMIT))),
        }
    }

    async fn hear(&mut self, limit: Duration) -> Heard {
        let next = async {
            tokio::select! {
                // A process that answers and then ends has answered.
                biased;
                signal = self.api.signals.recv() => signal.map_or(Heard::Exit(None), Heard::Signal),
                status = self.child.wait() => match self.api.signals.try_recv() {
                    Ok(signal) => Heard::Signal(signal),
                    Err(_) => Heard::Exit(status.ok()),
                },
            }
        };
        tokio::time::timeout(limit, next)
            .await
            .unwrap_or(Heard::Late)
    }

    fn timed_out(&self, request_id: &str, limit: Duration) -> Bytes {
        let seconds = limit.as_secs_f64();
        let now = Timestamp::now();
        self.log.line(&format!(
            "{now} {request_id} Task timed out after {seconds:.2} seconds"
        ));
        let message =
            format!("RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds");
        error_document("Sandbox.Timedout", &message)
    }

    fn ended(
        &self,
        request_id: &str,
        (started, started_at): (Instant, u64),
        init: Option<Duration>,
        outcome: Outcome,
        document: Bytes,
    ) -> Ended {
        // An instance that failed to start has only an init duration.
        let duration = if outcome == Outcome::InitError {
            Duration::ZERO
        } else {
            started.elapsed()
        };
        let invocation = Invocation {
            function: self.function.clone(),
            instance: self.id.clone(),
            request_id: request_id.to_owned(),
            started_at,
            ended_at: unix_ms(),
            duration_ms: duration.as_secs_f64() * 1000.0,
            billed_ms: billed_ms(duration, init),
            init_ms: init.map(|init| init.as_secs_f64() * 1000.0),
            memory_mb: self.memory_mb,
            max_memory_mb: self.child.id().and_then(peak_memory_mb),
            outcome,
        };
        let answer = match outcome {
            Outcome::Success => Answer::Payload(document),
            _ => Answer::FunctionError(document),
        };
        let alive = matches!(outcome, Outcome::Success | Outcome::Error);
        Ended {
            answer,
            invocation,
            alive,
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        lock(&self.roster).remove(&self.id);
    }
}

fn exit_document(request_id: &str, status: Option<ExitStatus>) -> Bytes {
    // Lambda writes `exit status 1` and `signal 9 (SIGKILL)` without a colon.
    let status = status.map_or_else(
        || "unknown".into(),
        |status| status.to_string().replacen(": ", " ", 1),
    );
    let message = format!("RequestId: {request_id} Error: Runtime exited with error: {status}");
    error_document("Runtime.ExitError", &message)
}

/// Returns the peak resident set, rounded up.
fn peak_memory_mb(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib.div_ceil(1024))
}

fn unix_ms() -> u64 {
    let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}
