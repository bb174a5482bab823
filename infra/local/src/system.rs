//! The whole system on this machine: what the template declares, started in order.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use tokio::{net::TcpListener, process::Command, sync::watch, task::JoinSet};

use crate::{
    admin::{self, Admin},
    aws::{self, Services},
    cli::Options,
    clients::{self, Clients},
    data::{Data, Endpoints, Ready},
    faults::{self, Faults},
    gateway, keys,
    lambda::{Lambda, Settings},
    queue_poller::Mapping,
    resources,
    schedule::Schedule,
    template::{
        self, ACCOUNT, Site,
        model::{Template, physical_name},
    },
    upstreams::Upstreams,
};

/// Folder of the workspace, which this program is built in and for.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// How long an instance may be idle.
const IDLE_LIMIT: Duration = Duration::from_secs(300);

/// How long requests under way may take when everything stops.
const GRACE: Duration = Duration::from_secs(2);

/// A system that runs.
pub(crate) struct System {
    pub(crate) ready: Ready,
    stop: watch::Sender<bool>,
    services: Services,
    tasks: JoinSet<()>,
    /// Stop when they are dropped.
    _upstreams: Upstreams,
    /// Its instances end with it.
    _lambda: Arc<Lambda>,
    /// Last: the folder is free, or gone, when nothing uses it any more.
    _data: Data,
}

impl System {
    /// Starts everything.
    ///
    /// # Errors
    /// Says in plain words what is missing or refused.
    pub(crate) async fn start(options: &Options, port: u16, data: Data) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .with_context(|| format!("port {port} is not free: choose another with --port"))?;
        let (stop, shutdown) = watch::channel(false);
        let folder = data.path().to_owned();
        let services = aws::start(
            &folder.join("aws"),
            &clients::credentials(),
            shutdown.clone(),
        )
        .await?;
        let mut upstreams = Upstreams::start(own_variables()).await?;
        let mut endpoints = clients::environment(&services);
        let faults = options.faults.then(Faults::new);
        if let Some(faults) = &faults {
            for variables in [&mut upstreams.variables, &mut endpoints] {
                faults.interpose(variables, &shutdown).await?;
            }
        }
        for (name, text) in &upstreams.secrets {
            services.vault.put(name, text);
        }
        let template = read_template(&services.sqs, &upstreams.variables)?;
        let binaries = binaries_folder()?;
        if !options.no_build {
            build(&template, &binaries).await?;
        }

        let clients = Clients::of(&services);
        resources::create(&template, &clients).await?;
        let key = match &options.api_key {
            Some(key) => key.clone(),
            None => data.api_key()?,
        };
        keys::accept_own(&key, clients.dynamodb.clone()).await?;

        let settings = Settings {
            binaries,
            logs: folder.join("logs"),
            verbose: options.verbose,
            concurrency: options.concurrency,
            idle_limit: IDLE_LIMIT,
            services: endpoints,
        };
        let lambda = Lambda::new(&template.functions, &settings)?;
        if let Some(faults) = &faults {
            faults.of(&lambda);
        }
        let mut tasks = JoinSet::new();
        let mut enabled = BTreeMap::new();
        for mapping in mappings(
            &template,
            options.concurrency,
            &lambda,
            &services,
            &clients,
            &mut enabled,
        ) {
            tasks.spawn(mapping.run(shutdown.clone()));
        }
        for function in &template.functions {
            for every in &function.schedules {
                let schedule = Schedule {
                    function: function.name.clone(),
                    every: *every,
                    lambda: lambda.clone(),
                };
                tasks.spawn(schedule.run(shutdown.clone()));
            }
        }
        let admin = Admin {
            lambda: lambda.clone(),
            sqs: clients.sqs.clone(),
            mappings: Arc::new(enabled),
            queues: template
                .queues
                .iter()
                .map(|queue| (queue.name.clone(), queue_url(&services, &queue.name)))
                .collect(),
        };
        let mut router = admin::router(admin);
        if let Some(faults) = faults {
            router = router.merge(faults::router(faults));
        }
        let admin = serve_admin(router, shutdown.clone(), &mut tasks).await?;
        let resources = names(&template, &services);
        let Some(api) = template.api else {
            bail!("template.yaml declares no API")
        };
        let address = listener.local_addr()?;
        let served = gateway::serve(listener, api, lambda.clone(), shutdown);
        tasks.spawn(async move {
            if let Err(error) = served.await {
                tracing::error!(%error, "the API ended");
            }
        });

        let standins = upstreams
            .standins
            .iter()
            .map(|(name, running)| (name.clone(), running.base_url.clone()))
            .collect();
        let ready = Ready {
            api: format!("http://{address}"),
            api_key: key,
            aws: Endpoints {
                dynamodb: services.dynamodb.clone(),
                s3: services.s3.clone(),
                secrets_manager: services.secrets_manager.clone(),
                sqs: services.sqs.clone(),
            },
            standins,
            admin,
            resources,
        };
        data.announce(&ready)?;
        Ok(Self {
            ready,
            stop,
            services,
            tasks,
            _upstreams: upstreams,
            _lambda: lambda,
            _data: data,
        })
    }

    /// Stops everything; requests under way have a moment to end.
    pub(crate) async fn stop(mut self) {
        let _ = self.stop.send(true);
        let ended = async {
            while self.tasks.join_next().await.is_some() {}
            self.services.stopped().await;
        };
        let _ = tokio::time::timeout(GRACE, ended).await;
    }
}

/// The environment of this process, as far as it is text.
fn own_variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

pub(crate) fn read_template(
    sqs: &str,
    overrides: &BTreeMap<String, String>,
) -> anyhow::Result<Template> {
    let path = Path::new(WORKSPACE).join("template.yaml");
    let text = std::fs::read_to_string(&path).context("cannot read template.yaml")?;
    template::read(&text, &Site { sqs, overrides }).context("template.yaml")
}

/// The functions are built beside this program, with the same profile.
fn binaries_folder() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().context("this program is in no folder")?;
    Ok(folder.to_owned())
}

/// Builds the binaries of the functions; cargo tells its progress on stderr.
async fn build(template: &Template, binaries: &Path) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let names: BTreeSet<_> = template
        .functions
        .iter()
        .map(|function| function.binary.as_str())
        .collect();
    let mut command = Command::new(cargo);
    command
        .arg("build")
        .current_dir(WORKSPACE)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    if let Some(profile) = profile(binaries) {
        command.args(["--profile", profile]);
    }
    for name in names {
        command.args(["--package", name]);
    }
    let status = command
        .kill_on_drop(true)
        .status()
        .await
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("the functions do not build");
    }
    Ok(())
}

/// The profile whose binaries cargo puts into this folder; none for its default.
/// <https://doc.rust-lang.org/cargo/guide/build-cache.html>
fn profile(binaries: &Path) -> Option<&str> {
    let folder = binaries.file_name()?.to_str()?;
    (folder != "debug").then_some(folder)
}

fn queue_url(services: &Services, logical_id: &str) -> String {
    format!("{}/{ACCOUNT}/{}", services.sqs, physical_name(logical_id))
}

/// What the resources are called, by their logical ids.
fn names(template: &Template, services: &Services) -> BTreeMap<String, String> {
    let tables = template.tables.iter().map(|table| &table.name);
    let buckets = template.buckets.iter().map(|bucket| &bucket.name);
    let queues = template.queues.iter().map(|queue| &queue.name);
    tables
        .chain(buckets)
        .map(|id| (id.clone(), physical_name(id)))
        .chain(queues.map(|id| (id.clone(), queue_url(services, id))))
        .collect()
}

fn mappings(
    template: &Template,
    default_concurrency: u32,
    lambda: &Arc<Lambda>,
    services: &Services,
    clients: &Clients,
    enabled: &mut BTreeMap<String, watch::Sender<bool>>,
) -> Vec<Mapping> {
    let mut mappings = Vec::new();
    for function in &template.functions {
        let switch = enabled
            .entry(function.name.clone())
            .or_insert_with(|| watch::Sender::new(true));
        for source in &function.queue_sources {
            mappings.push(Mapping {
                function: function.name.clone(),
                queue_url: queue_url(services, &source.queue),
                queue_arn: resources::queue_arn(&source.queue),
                source: source.clone(),
                default_concurrency,
                enabled: switch.subscribe(),
                lambda: lambda.clone(),
                sqs: clients.sqs.clone(),
            });
        }
    }
    mappings
}

async fn serve_admin(
    router: axum::Router,
    mut shutdown: watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    tasks.spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(async move {
            let _ = shutdown.wait_for(|stop| *stop).await;
        });
        if let Err(error) = served.await {
            tracing::error!(%error, "the admin endpoints ended");
        }
    });
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_built_with_the_profile_of_their_folder() {
        assert_eq!(profile(Path::new("/t/debug")), None);
        assert_eq!(profile(Path::new("/t/release")), Some("release"));
        assert_eq!(profile(Path::new("/t/measured")), Some("measured"));
    }
}
