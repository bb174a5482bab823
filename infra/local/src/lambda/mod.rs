//! Runs function binaries like Lambda. An instance takes one request at a time, and a new instance
//! starts if all are busy. The most recently used idle instance comes first. Each has its own
//! Runtime API.

mod environment;
mod instance;
mod logs;
mod records;
mod runtime_api;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, RwLock},
    time::Duration,
};

use bytes::Bytes;
use eventrelay::{clock::Timestamp, telemetry::TraceId};
use rustix::process::{Signal, kill_process};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

pub(crate) use self::records::{Invocation, Outcome};
use self::{
    instance::{Ended, Instance},
    logs::Log,
    records::Records,
};
use crate::{
    metrics::Metrics,
    private,
    sync::{self, lock},
    template::model::Function,
};

/// Maximum size of a synchronous invocation's request, in bytes
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const MAX_REQUEST_BYTES: usize = 6 * 1024 * 1024;

/// Configuration of the runtime.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) binaries: PathBuf,
    pub(crate) logs: PathBuf,
    /// Copies the output of functions to the terminal.
    pub(crate) verbose: bool,
    /// Maximum instances per function without reserved concurrency.
    pub(crate) concurrency: u32,
    /// Maximum idle time of an instance.
    pub(crate) idle_limit: Duration,
    /// Environment variables with endpoints and credentials of the embedded services.
    pub(crate) services: BTreeMap<String, String>,
    /// Receives the metrics of functions.
    pub(crate) metrics: Arc<Metrics>,
}

/// Result of an invocation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    Payload(Bytes),
    /// Lambda's error document after a failure of the function.
    FunctionError(Bytes),
    /// All instances are busy, and the limit is reached.
    Throttled,
    /// The request exceeds the maximum size.
    TooLarge,
}

/// Behaviour of a caller when all instances are busy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum WhenBusy {
    Wait,
    Throttle,
}

/// A function as the admin endpoint shows it, with all that another emulator needs to run it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Description {
    binary: PathBuf,
    memory_mb: u32,
    timeout_s: u64,
    log_format: String,
    environment: BTreeMap<String, String>,
}

/// An instance as the admin endpoint shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct InstanceState {
    pub(crate) function: String,
    instance: String,
    pid: Option<u32>,
    state: &'static str,
    /// Unix time in milliseconds.
    started_at: u64,
    /// Payload of the last invocation.
    #[serde(skip)]
    payload: Bytes,
}

type Roster = Arc<Mutex<BTreeMap<String, InstanceState>>>;

/// All functions of the template.
#[derive(Debug)]
pub(crate) struct Lambda {
    pools: RwLock<BTreeMap<String, Arc<Pool>>>,
    settings: Settings,
    records: Arc<Records>,
    roster: Roster,
}

/// Instances of one function.
#[derive(Debug)]
struct Pool {
    function: Function,
    settings: Settings,
    log: Arc<Log>,
    concurrency: u32,
    permits: Arc<Semaphore>,
    /// Sorted by last use, newest last.
    idle: Mutex<Vec<Instance>>,
    records: Arc<Records>,
    roster: Roster,
}

impl Lambda {
    /// Prepares the functions. Their first invocations start instances.
    ///
    /// # Errors
    /// If a log file cannot be opened.
    pub(crate) fn new(functions: &[Function], settings: &Settings) -> anyhow::Result<Arc<Self>> {
        private::create_folder(&settings.logs)?;
        let lambda = Arc::new(Self {
            pools: RwLock::default(),
            settings: settings.clone(),
            records: Arc::default(),
            roster: Roster::default(),
        });
        lambda.replace(functions, &BTreeSet::new())?;
        tokio::spawn(stop_idle(Arc::downgrade(&lambda), settings.idle_limit));
        Ok(lambda)
    }

    /// Replaces the functions, and returns the names of those that are new or have changed. An
    /// unchanged function whose binary is not in `rebuilt` keeps its instances. Running invocations
    /// of the others finish in their old instances, and later ones start new instances.
    ///
    /// # Errors
    /// If a log file cannot be opened. Nothing is replaced then.
    pub(crate) fn replace(
        &self,
        functions: &[Function],
        rebuilt: &BTreeSet<String>,
    ) -> anyhow::Result<BTreeSet<String>> {
        let mut pools = BTreeMap::new();
        let mut replaced = BTreeSet::new();
        for function in functions {
            let pool = match self.pool(&function.name) {
                Some(old) if old.function == *function && !rebuilt.contains(&function.binary) => {
                    old
                }
                old => {
                    replaced.insert(function.name.clone());
                    Arc::new(self.prepare(function, old.as_deref())?)
                }
            };
            pools.insert(function.name.clone(), pool);
        }
        let old = std::mem::replace(&mut *sync::write(&self.pools), pools);
        // The idle instances end here, outside of the lock.
        drop(old);
        Ok(replaced)
    }

    /// Creates the pool of a function. Running instances of the old pool count against the new
    /// limit.
    fn prepare(&self, function: &Function, old: Option<&Pool>) -> anyhow::Result<Pool> {
        let settings = &self.settings;
        let concurrency = function
            .reserved_concurrency
            .unwrap_or(settings.concurrency);
        let log = match old {
            Some(old) => old.log.clone(),
            None => Arc::new(Log::open(
                &settings.logs,
                &function.name,
                settings.verbose,
                settings.metrics.clone(),
            )?),
        };
        let permits = match old {
            Some(old) if old.concurrency == concurrency => old.permits.clone(),
            _ => Arc::new(Semaphore::new(concurrency as usize)),
        };
        Ok(Pool {
            function: function.clone(),
            settings: settings.clone(),
            log,
            concurrency,
            permits,
            idle: Mutex::default(),
            records: self.records.clone(),
            roster: self.roster.clone(),
        })
    }

    fn pool(&self, function: &str) -> Option<Arc<Pool>> {
        let pools = sync::read(&self.pools);
        pools.get(function).cloned()
    }

    /// Invokes a function with a new trace.
    pub(crate) async fn invoke(
        &self,
        function: &str,
        payload: Bytes,
        when_busy: WhenBusy,
    ) -> Answer {
        let trace = TraceId::new(Timestamp::now());
        self.invoke_for(trace, function, payload, when_busy).await
    }

    /// Invokes a function as part of a trace. As on AWS, the invocation continues if the caller
    /// stops waiting.
    pub(crate) async fn invoke_for(
        &self,
        trace: TraceId,
        function: &str,
        payload: Bytes,
        when_busy: WhenBusy,
    ) -> Answer {
        let Some(pool) = self.pool(function) else {
            let message = format!("Function not found: {function}");
            return Answer::FunctionError(error_document("ResourceNotFoundException", &message));
        };
        if payload.len() > MAX_REQUEST_BYTES {
            return Answer::TooLarge;
        }
        let permit = match when_busy {
            WhenBusy::Throttle => pool.permits.clone().try_acquire_owned().ok(),
            WhenBusy::Wait => pool.permits.clone().acquire_owned().await.ok(),
        };
        let Some(permit) = permit else {
            pool.log.line("Rate Exceeded: all instances are busy");
            self.settings.metrics.throttle(function);
            return Answer::Throttled;
        };
        // The pool may have been replaced meanwhile.
        let pool = self.pool(function).unwrap_or(pool);
        match tokio::spawn(pool.invoke(trace, payload, permit)).await {
            Ok(answer) => answer,
            Err(error) => Answer::FunctionError(error.to_string().into()),
        }
    }

    pub(crate) fn functions(&self) -> BTreeMap<String, Description> {
        let pools = sync::read(&self.pools);
        let described = pools.iter().map(|(name, pool)| {
            let description = Description {
                binary: pool.settings.binaries.join(&pool.function.binary),
                memory_mb: pool.function.memory_mb,
                timeout_s: pool.function.timeout.as_secs(),
                log_format: pool.function.log_format.clone(),
                environment: environment::configured(&pool.function, &pool.settings),
            };
            (name.clone(), description)
        });
        described.collect()
    }

    /// Returns whether the template has this function.
    pub(crate) fn has(&self, function: &str) -> bool {
        self.pool(function).is_some()
    }

    /// Returns the last invocations, newest last.
    pub(crate) fn invocations(&self) -> Vec<Invocation> {
        self.records.all()
    }

    /// Returns the instance whose process id satisfies `is_it`.
    pub(crate) fn instance_of(&self, is_it: impl Fn(u32) -> bool) -> Option<String> {
        let processes: Vec<_> = lock(&self.roster)
            .iter()
            .filter_map(|(id, state)| Some((id.clone(), state.pid?)))
            .collect();
        let found = processes.into_iter().find(|(_, pid)| is_it(*pid));
        found.map(|(id, _)| id)
    }

    /// Returns the function of an instance and the payload of its last invocation.
    pub(crate) fn work_of(&self, instance: &str) -> Option<(String, Bytes)> {
        let roster = lock(&self.roster);
        let state = roster.get(instance)?;
        Some((state.function.clone(), state.payload.clone()))
    }

    /// Kills the process of an instance, like a failing machine. Returns whether the instance
    /// existed.
    pub(crate) fn kill(&self, instance: &str) -> bool {
        let roster = lock(&self.roster);
        let pid = roster.get(instance).and_then(|state| state.pid);
        let pid = pid.and_then(|pid| rustix::process::Pid::from_raw(pid.try_into().ok()?));
        pid.is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok())
    }

    /// Returns function name and state of all running instances.
    pub(crate) fn states(&self) -> Vec<(String, &'static str)> {
        let roster = lock(&self.roster);
        let states = roster.values();
        states
            .map(|instance| (instance.function.clone(), instance.state))
            .collect()
    }

    pub(crate) fn instances(&self) -> Vec<InstanceState> {
        lock(&self.roster).values().cloned().collect()
    }
}

impl Pool {
    async fn invoke(
        self: Arc<Self>,
        trace: TraceId,
        payload: Bytes,
        permit: OwnedSemaphorePermit,
    ) -> Answer {
        let request_id = Uuid::now_v7().to_string();
        let mut instance = match self.idle_instance() {
            Some(instance) => instance,
            None => match self.launch().await {
                Ok(instance) => instance,
                Err(error) => {
                    let message = format!("RequestId: {request_id} Error: {error:#}");
                    self.log.line(&message);
                    return Answer::FunctionError(error_document(
                        "Runtime.InvalidEntrypoint",
                        &message,
                    ));
                }
            },
        };
        if let Some(entry) = lock(&self.roster).get_mut(instance.id()) {
            entry.state = "busy";
            entry.payload = payload.clone();
        }
        let ended = instance.invoke(&request_id, trace, payload).await;
        let Ended {
            answer,
            invocation,
            alive,
        } = ended;
        self.log.line(&invocation.report());
        self.settings.metrics.invocation(&invocation);
        self.records.add(invocation);
        if alive {
            instance.rest();
            set_state(&self.roster, instance.id(), "idle");
            lock(&self.idle).push(instance);
        } else {
            instance.stop().await;
        }
        drop(permit);
        answer
    }

    fn idle_instance(&self) -> Option<Instance> {
        let mut idle = lock(&self.idle);
        while let Some(mut instance) = idle.pop() {
            if instance.is_alive() {
                return Some(instance);
            }
        }
        None
    }

    async fn launch(&self) -> anyhow::Result<Instance> {
        Instance::launch(
            &self.function,
            &self.settings,
            self.log.clone(),
            self.roster.clone(),
        )
        .await
    }
}

/// Stops instances that have been idle for longer than `limit`.
async fn stop_idle(lambda: std::sync::Weak<Lambda>, limit: Duration) {
    let mut ticks = tokio::time::interval((limit / 4).max(Duration::from_millis(10)));
    loop {
        ticks.tick().await;
        let Some(lambda) = lambda.upgrade() else {
            return;
        };
        let pools: Vec<_> = {
            let pools = sync::read(&lambda.pools);
            pools.values().cloned().collect()
        };
        for pool in pools {
            lock(&pool.idle)
                .retain_mut(|instance| instance.idle_for() < limit && instance.is_alive());
        }
    }
}

fn set_state(roster: &Roster, id: &str, state: &'static str) {
    if let Some(entry) = lock(roster).get_mut(id) {
        entry.state = state;
    }
}

fn error_document(kind: &str, message: &str) -> Bytes {
    serde_json::json!({ "errorType": kind, "errorMessage": message })
        .to_string()
        .into()
}
