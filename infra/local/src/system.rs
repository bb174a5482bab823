//! The whole system on this machine: starts what the template declares, in order.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, RwLock},
    time::Duration,
};

use anyhow::Context as _;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    admin::{self, Admin, Known},
    aws::{self, Services},
    cli::Options,
    clients::{self, Clients},
    data::{Data, Endpoints, Ready},
    faults::{self, Faults},
    gateway::{self, Gateway},
    keys,
    lambda::{Lambda, Settings},
    listen::{self, bind, ended},
    metrics::{self, Board, Metrics},
    resources, sync,
    template::model::{Api, Template, physical_name},
    upstreams::Upstreams,
    wiring::Wiring,
    workspace::{Marks, Workspace},
};

/// Maximum idle time of an instance.
const IDLE_LIMIT: Duration = Duration::from_secs(300);

/// Maximum time that a stop waits for running requests.
const GRACE: Duration = Duration::from_secs(2);

pub(crate) struct System {
    pub(crate) ready: Ready,
    stop: watch::Sender<bool>,
    services: Services,
    clients: Clients,
    tasks: JoinSet<()>,
    workspace: Workspace,
    template: Template,
    /// Identities of the running binaries.
    marks: Marks,
    gateway: Arc<Gateway>,
    wiring: Wiring,
    known: Arc<RwLock<Known>>,
    /// Stand-ins, which stop when they are dropped.
    upstreams: Upstreams,
    /// Dropping it stops the instances.
    lambda: Arc<Lambda>,
    /// Last field, so that nothing uses the folder when it is unlocked or removed.
    pub(crate) data: Data,
}

/// Parts that a reload replaced.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Renewed {
    /// Logical ids of replaced functions.
    pub(crate) functions: BTreeSet<String>,
    /// True if the template changed.
    pub(crate) template: bool,
}

impl System {
    /// Starts everything.
    ///
    /// # Errors
    /// Says in plain words what is missing or refused.
    pub(crate) async fn start(options: &Options, port: u16, data: Data) -> anyhow::Result<Self> {
        let (listener, url) = bind(port)
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
        let workspace = Workspace::open(options.workspace.as_deref())?;
        let template = workspace.template(&services.sqs, &upstreams.variables)?;
        if !options.no_build
            && let Err(error) = workspace.build(&template).await
        {
            // With `--watch` the user is editing, so the last working build keeps running.
            if options.watch {
                eprintln!("{error:#}")
            } else {
                return Err(error);
            }
        }
        let marks = workspace.marks(&template);
        let clients = Clients::new(&services);
        resources::create(&template, &clients).await?;
        let key = match &options.api_key {
            Some(key) => key.clone(),
            None => data.api_key()?,
        };
        keys::accept_own(&key, clients.dynamodb.clone()).await?;

        let metrics = Metrics::new();
        let settings = Settings {
            binaries: workspace.binaries.clone(),
            logs: folder.join("logs"),
            verbose: options.verbose,
            concurrency: options.concurrency,
            idle_limit: IDLE_LIMIT,
            services: endpoints,
            metrics: metrics.clone(),
        };
        let lambda = Lambda::new(&template.functions, &settings)?;
        if let Some(faults) = &faults {
            faults.set_lambda(&lambda);
        }
        let mut tasks = JoinSet::new();
        let mut wiring = Wiring::new(
            lambda.clone(),
            clients.sqs.clone(),
            services.sqs.clone(),
            options.concurrency,
        );
        wiring.apply(&template);
        let known = Arc::new(RwLock::new(known(&template, &wiring, &services.sqs)));
        let admin = Admin {
            lambda: lambda.clone(),
            sqs: clients.sqs.clone(),
            known: known.clone(),
        };
        let board = Board {
            metrics,
            lambda: lambda.clone(),
            sqs: clients.sqs.clone(),
            dynamodb: clients.dynamodb.clone(),
            known: known.clone(),
        };
        tasks.spawn(board.clone().keep(shutdown.clone()));
        let mut router = admin::router(admin).merge(metrics::router(board));
        if let Some(faults) = faults {
            router = router.merge(faults::router(faults));
        }
        let admin = serve_admin(options.admin_port, router, shutdown.clone(), &mut tasks).await?;
        let resources = names(&template, &services.sqs);
        let port = listener.local_addr()?.port();
        let gateway = Arc::new(Gateway::new(api(&template)?, lambda.clone(), port));
        let served = gateway::serve(listener, gateway.clone(), shutdown);
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
            api: url,
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
            clients,
            tasks,
            workspace,
            template,
            marks,
            gateway,
            wiring,
            known,
            upstreams,
            lambda,
            data,
        })
    }

    /// Rebuilds the functions, or `only` these binaries of them, reloads the template, and replaces
    /// what has changed. Running invocations finish on the old version. Data and messages stay, and
    /// so do resources that the template no longer declares.
    ///
    /// # Errors
    /// If the build fails or the template is invalid. The old version keeps running then.
    pub(crate) async fn renew(
        &mut self,
        only: Option<&BTreeSet<String>>,
    ) -> anyhow::Result<Renewed> {
        let sqs = &self.services.sqs;
        let template = self.workspace.template(sqs, &self.upstreams.variables)?;
        let api = api(&template)?;
        self.workspace.build_quietly(&template, only).await?;
        resources::create(&template, &self.clients).await?;

        let marks = self.workspace.marks(&template);
        let rebuilt = marks.changed_since(&self.marks);
        let functions = self.lambda.replace(&template.functions, &rebuilt)?;
        self.gateway.replace(api);
        self.wiring.apply(&template);
        *sync::write(&self.known) = known(&template, &self.wiring, sqs);

        let renewed = Renewed {
            functions,
            template: template != self.template,
        };
        (self.template, self.marks) = (template, marks);
        Ok(renewed)
    }

    /// Returns the binaries of the functions with running instances.
    pub(crate) fn running(&self) -> BTreeSet<String> {
        let instances = self.lambda.instances();
        let is_running = |name: &str| instances.iter().any(|one| one.function == name);
        let functions = self.template.functions.iter();
        functions
            .filter(|function| is_running(&function.name))
            .map(|function| function.binary.clone())
            .collect()
    }

    /// Stops everything after a short grace period for running requests.
    pub(crate) async fn stop(mut self) {
        let _ = self.stop.send(true);
        let ended = async {
            self.wiring.stop().await;
            while self.tasks.join_next().await.is_some() {}
            self.services.stopped().await;
        };
        let _ = tokio::time::timeout(GRACE, ended).await;
    }
}

/// Returns the environment of this process, without values that are not UTF-8.
fn own_variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Returns the single API of the template.
fn api(template: &Template) -> anyhow::Result<Api> {
    let api = template.api.clone();
    api.context("template.yaml declares no API")
}

/// Collects the facts that the admin endpoints show.
fn known(template: &Template, wiring: &Wiring, sqs: &str) -> Known {
    let queues = template.queues.iter();
    Known {
        queues: queues
            .map(|queue| (queue.name.clone(), resources::queue_url(sqs, &queue.name)))
            .collect(),
        mappings: wiring.enabled(),
        jobs_table: template
            .tables
            .iter()
            .find(|table| table.name == "JobsTable")
            .map(|table| physical_name(&table.name)),
    }
}

/// Returns the physical names of the resources by their logical ids.
fn names(template: &Template, sqs: &str) -> BTreeMap<String, String> {
    let tables = template.tables.iter().map(|table| &table.name);
    let buckets = template.buckets.iter().map(|bucket| &bucket.name);
    let queues = template.queues.iter().map(|queue| &queue.name);
    tables
        .chain(buckets)
        .map(|id| (id.clone(), physical_name(id)))
        .chain(queues.map(|id| (id.clone(), resources::queue_url(sqs, id))))
        .collect()
}

async fn serve_admin(
    port: u16,
    router: axum::Router,
    shutdown: watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<String> {
    let (listener, url) = bind(port)
        .await
        .with_context(|| format!("port {port} is not free: choose another with --admin-port"))?;
    let served = listen::serve(listener, router, ended(shutdown));
    tasks.spawn(async move {
        if let Err(error) = served.await {
            tracing::error!(%error, "the admin endpoints ended");
        }
    });
    Ok(url)
}
