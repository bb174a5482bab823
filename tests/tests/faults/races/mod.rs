//! Single flight and swap under races: generated interleavings under a clock that jumps.
//!
//! Each case is one video on the embedded services. Two or three actors submit and work, others work
//! on the same jobs, read, and sometimes delete: all of it with the product's own code. A step of an
//! actor is one request to DynamoDB, S3 or SQS with its answer. The seed of the case determines the
//! next actor, the jumps of the clock and the crashes. After every write the [`oracle`] checks the
//! rows.
//!
//! ```sh
//! INTERLEAVINGS=10000 cargo test --workspace --test faults races::
//! INTERLEAVINGS=1 RACES_SEED=<seed of a failure> cargo test --workspace --test faults races::
//! ```

mod actors;
mod oracle;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actors::{ActorContext, Making, Role, act, clock};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eventrelay::{
    answer_class::AnswerClass,
    clock::Timestamp,
    config::{Config, LimitsConfig, MemoryBounds, ModelsConfig, UpstreamConfig, YouTubeConfig},
    context::Context,
    job::worker::Analyses,
    store::videos::{Lookup, Selector},
    video::VideoKey,
};
use eventrelay_tests::{
    Ready, Stack,
    gate::{Actor, Arrival, CallOutcome, Gate, clients, http_client, step},
};
use fastrand::Rng;
use futures_util::future::join_all;
use oracle::{Oracle, Snapshot};

const INTERLEAVINGS: u64 = 100;

/// Cases at a time.
const LANES: usize = 6;

/// 2100-01-01: no job is ever due by the clock of the stack, which lets them alone.
const BEGINNING: Timestamp = Timestamp(4_102_444_800_000);

/// The most actors of a case, and the one that looks in the end.
const SLOTS: usize = 8;

/// More requests than a lookup makes.
const MAX_LOOKUP_REQUESTS: usize = 5;

/// Time to live of an analysis.
const FRESH: Duration = Duration::from_secs(90);

/// Maximum duration of a job.
const DEADLINE: Duration = Duration::from_secs(120);

/// Context and gate of an actor. They are reused, as clients are expensive to build.
struct ClientSlot {
    gate: Gate,
    context: Context,
    analyses: Analyses,
}

struct RaceLane {
    slots: Vec<ClientSlot>,
    /// Without a gate, for the oracle.
    behind: Context,
    dynamodb: aws_sdk_dynamodb::Client,
}

impl RaceLane {
    /// A lane whose messages are in a queue of its own, from which no function receives.
    async fn new(ready: &Ready) -> Self {
        let http = http_client();
        let name = format!("races-{:x}", fastrand::u64(..));
        let queue = ready.sqs().create_queue().queue_name(name).send().await;
        let queue_url = queue.unwrap().queue_url.unwrap();
        let config = config(ready, &queue_url);
        let slots = (0..SLOTS).map(|_| {
            let gate = Gate::default();
            let mut context = Context::new(config.clone(), clients(ready, &http, Some(&gate)));
            context.clock = clock;
            let analyses = analyses(ready, &context);
            ClientSlot {
                gate,
                context,
                analyses,
            }
        });
        let behind = clients(ready, &http, None);
        Self {
            slots: slots.collect(),
            dynamodb: behind.dynamodb(),
            behind: Context::new(config, behind),
        }
    }
}

fn config(ready: &Ready, queue_url: &str) -> Config {
    let name = |resource: &str| ready.name(resource).to_owned();
    Config {
        stage: "races".to_owned(),
        commit: String::new(),
        videos_table: name("VideosTable"),
        jobs_table: name("JobsTable"),
        controls_table: name("ControlsTable"),
        search_table: name("SearchTable"),
        projects_table: name("ProjectsTable"),
        bucket: name("Bucket"),
        analysis_queue_url: queue_url.to_owned(),
        tasks_queue_url: queue_url.to_owned(),
        builds_queue_url: queue_url.to_owned(),
        memory: MemoryBounds {
            ttl: Duration::ZERO,
            bytes: 0,
            entries: 0,
        },
        api_requests_per_minute: 0,
        count_lookups_every: Duration::MAX,
        job_deadline: DEADLINE,
        analysis_ttl: FRESH,
        secrets_ttl: Duration::MAX,
        answer_class: AnswerClass::Model,
    }
}

fn analyses(ready: &Ready, context: &Context) -> Analyses {
    let upstream = UpstreamConfig {
        models: ModelsConfig {
            base_url: ready.standins.gemini.parse().unwrap(),
            api_version: "v1beta".to_owned(),
            names: vec!["m".to_owned()],
            prices: Default::default(),
            secret: String::new(),
        },
        youtube: YouTubeConfig {
            base_url: ready.standins.youtube.parse().unwrap(),
            oembed_base_url: ready.standins.youtube.parse().unwrap(),
            secret: None,
        },
        processing_timeout: DEADLINE,
    };
    let secret = context.secrets().secret("unused");
    Analyses::new(context, upstream, &LimitsConfig::default(), secret, None).unwrap()
}

/// An actor of a case.
struct RunningActor {
    slot: usize,
    name: String,
    future: Actor,
    is_finished: bool,
}

struct Case<'a> {
    lane: &'a RaceLane,
    random: Rng,
    oracle: Arc<Oracle>,
    video: VideoKey,
    /// Percentage of steps at which an actor crashes.
    deaths: u8,
}

impl<'a> Case<'a> {
    /// A case with a video of its own.
    fn new(lane: &'a RaceLane, random: Rng, deaths: u8) -> Self {
        let id = URL_SAFE_NO_PAD.encode(fastrand::u64(..).to_be_bytes());
        let case = Self {
            lane,
            random,
            oracle: Arc::default(),
            video: format!("yt:{id}").parse().unwrap(),
            deaths,
        };
        case.oracle.world().now = BEGINNING;
        case
    }

    fn actor(&self, slot: usize, name: &str) -> ActorContext {
        let ClientSlot {
            gate,
            context,
            analyses,
        } = &self.lane.slots[slot];
        ActorContext {
            name: name.to_owned(),
            context: context.clone(),
            analyses: analyses.clone(),
            gate: gate.clone(),
            oracle: Arc::clone(&self.oracle),
            video: self.video.clone(),
        }
    }

    /// An actor that waits for its first step.
    async fn start(&self, slot: usize, name: &str, role: Role) -> RunningActor {
        let future: Actor = Box::pin(act(self.actor(slot, name), role));
        self.start_future(slot, name, future).await
    }

    async fn start_future(&self, slot: usize, name: &str, future: Actor) -> RunningActor {
        let mut actor = RunningActor {
            slot,
            name: name.to_owned(),
            future,
            is_finished: false,
        };
        self.step(&mut actor, None).await;
        actor
    }

    /// Runs an actor to its next request, then has the oracle check what it changed.
    async fn step(&self, actor: &mut RunningActor, outcome: Option<CallOutcome>) -> Arrival {
        let (lane, gate) = (self.lane, &self.lane.slots[actor.slot].gate);
        let arrival = step(&mut actor.future, gate, outcome).await;
        actor.is_finished = arrival == Arrival::Finished;
        if gate.has_written() {
            let known = self.oracle.world().jobs.clone();
            let rows = Snapshot::read(&lane.behind, &lane.dynamodb, &self.video, &known).await;
            self.oracle.world().observe(&actor.name, rows.unwrap());
        }
        arrival
    }

    /// Lets an actor make so many requests, or go to its end.
    async fn take(&self, actor: &mut RunningActor, requests: usize) {
        for _ in 0..requests {
            if actor.is_finished {
                return;
            }
            self.step(actor, Some(CallOutcome::Answered)).await;
        }
    }

    fn making(&mut self, variants: u8) -> Making {
        Making {
            variant: self.random.u8(..variants),
            force: self.random.u8(..4) == 0,
            fails: self.random.u8(..5) == 0,
            large: self.random.u8(..16) == 0,
        }
    }

    fn roles(&mut self) -> Vec<Role> {
        let variants = self.random.u8(1..=2);
        let mut roles = Vec::new();
        for _ in 0..self.random.u8(2..=3) {
            roles.push(Role::Maker(self.making(variants)));
        }
        for _ in 0..self.random.u8(0..=2) {
            roles.push(Role::Worker {
                making: self.making(variants),
                receive_count: self.random.u32(1..=2),
            });
        }
        for _ in 0..self.random.u8(0..=1) {
            roles.push(Role::Reader {
                variant: self.random.bool().then(|| self.random.u8(..variants)),
                times: self.random.u8(1..=3),
            });
        }
        if self.random.u8(..8) == 0 {
            roles.push(Role::Deleter);
        }
        roles
    }

    fn jump(&mut self) {
        let seconds = match self.random.u8(..100) {
            ..85 => 0,
            85..94 => self.random.u64(1..=5),
            94..98 => self.random.u64(20..=30),
            98..99 => self.random.u64(85..=125),
            _ => self.random.u64(175..=200),
        };
        let millis = self.random.u64(0..=1);
        let jump = Duration::from_secs(seconds) + Duration::from_millis(millis);
        self.oracle.world().jump(jump);
    }

    async fn run(&mut self) {
        let roles = self.roles();
        let mut actors = Vec::new();
        for (slot, role) in roles.into_iter().enumerate() {
            let name = format!("actor {slot}");
            self.oracle.world().log(format!("{name} is {role:?}"));
            actors.push(self.start(slot, &name, role).await);
        }
        // In some cases the first actor gets far, then stalls past its claim and comes back last.
        let mut stalls_in = match self.random.u8(..3) {
            0 => Some(self.random.u8(5..=9)),
            _ => None,
        };
        let mut is_stalled = false;
        while !actors.is_empty() {
            self.jump();
            let mut next = self.random.usize(..actors.len());
            let first = actors.iter().position(|actor| actor.slot == 0);
            if let (Some(steps), Some(first)) = (stalls_in, first) {
                next = first;
                stalls_in = steps.checked_sub(1);
                if stalls_in.is_none() {
                    is_stalled = true;
                    self.oracle.world().jump(Duration::from_secs(190));
                }
            }
            if is_stalled && Some(next) == first && actors.len() > 1 {
                next = (next + 1) % actors.len();
            }
            let crashes = self.random.u8(..100) < self.deaths;
            let response_lost = crashes && self.random.bool();
            if crashes && !response_lost {
                let crashed = actors.swap_remove(next).name;
                self.oracle.world().log(format!("{crashed} crashes"));
                continue;
            }
            let outcome = if response_lost {
                CallOutcome::ResponseLost
            } else {
                CallOutcome::Answered
            };
            match self.step(&mut actors[next], Some(outcome)).await {
                Arrival::Waits => {}
                Arrival::Finished => drop(actors.swap_remove(next)),
                Arrival::Cut => {
                    let crashed = actors.swap_remove(next).name;
                    let text = format!("{crashed} crashes, response lost");
                    self.oracle.world().log(text);
                }
            }
            if !self.oracle.world().violations.is_empty() {
                return;
            }
        }
        self.ends_well().await;
    }

    /// The newest analysis is the current one, every row has its blob, and nothing is stuck.
    async fn ends_well(&self) {
        let last = ActorContext {
            context: self.lane.behind.clone(),
            ..self.actor(SLOTS - 1, "the last")
        };
        let current = last.find(&Selector::Newest).await.unwrap();
        for variant in 0..2 {
            let variant = actors::request(variant, false).variant();
            let _ = last.find(&Selector::Variant(variant)).await.unwrap();
        }
        {
            let mut world = self.oracle.world();
            let newest = world.newest().map(|analysis| analysis.finished_at);
            let current = current.map(|analysis| analysis.finished_at);
            if !world.removed && current < newest {
                world.violation(format!("{current:?} is current and {newest:?} was indexed"));
            }
            world.jump(Duration::from_secs(24 * 3600));
        }
        let known = self.oracle.world().indexed.len();
        let role = Role::Maker(Making::default());
        let mut maker = self.start(SLOTS - 1, "the last", role).await;
        self.take(&mut maker, usize::MAX).await;
        let current = last.find(&Selector::Newest).await.unwrap();
        let mut world = self.oracle.world();
        let made = world.indexed.get(known..).unwrap_or_default();
        if made.len() != 1 || current.map(|analysis| analysis.etag).as_ref() != made.first() {
            world.violation("a new submission came to nothing".to_owned());
        }
    }
}

async fn run(lane: &RaceLane, seed: u64) -> Result<u64, String> {
    let mut random = Rng::with_seed(seed);
    let deaths = if random.bool() { 0 } else { 4 };
    let mut case = Case::new(lane, random, deaths);
    case.run().await;
    let world = case.oracle.world();
    if world.violations.is_empty() {
        Ok(world.generations)
    } else {
        Err(format!(
            "RACES_SEED={seed}: {}\n{}",
            world.violations.join("; "),
            world.log.join("\n")
        ))
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn interleavings_generate_once_and_never_go_back() {
    let cases = number("INTERLEAVINGS").unwrap_or(INTERLEAVINGS);
    let first = number("RACES_SEED").unwrap_or_else(|| fastrand::u64(..1 << 48));
    let stack = Stack::start().await.unwrap();
    let next = AtomicU64::new(0);
    let lanes = (0..LANES).map(async |_| {
        let lane = RaceLane::new(&stack.ready).await;
        let mut generations = 0;
        loop {
            let case = next.fetch_add(1, Ordering::Relaxed);
            if case >= cases {
                return Ok(generations);
            }
            match run(&lane, first + case).await {
                Ok(made) => generations += made,
                Err(text) => {
                    next.store(cases, Ordering::Relaxed);
                    return Err(text);
                }
            }
        }
    });
    let mut generations = 0;
    let mut failures = Vec::new();
    for lane in join_all(lanes).await {
        match lane {
            Ok(made) => generations += made,
            Err(text) => failures.push(text),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    // Each case ends with one; with no more than those nothing would have been tried.
    assert!(generations > cases * 3 / 2, "{generations} generations");
}

/// Whatever the maker of an analysis does between two requests of a lookup, the lookup shows the
/// job or the analysis.
#[tokio::test(flavor = "multi_thread")]
async fn lookup_of_claimed_video_returns_job_or_analysis() {
    let stack = Stack::start().await.unwrap();
    let lane = RaceLane::new(&stack.ready).await;
    let mut is_made = false;
    for maker_steps in 0.. {
        for lookup_steps in 0..=MAX_LOOKUP_REQUESTS {
            let case = Case::new(&lane, Rng::with_seed(0), 0);
            let role = Role::Maker(Making::default());
            let mut maker = case.start(0, "maker", role).await;
            case.take(&mut maker, maker_steps).await;
            let is_claimed = !case.oracle.world().jobs.is_empty();
            is_made = maker.is_finished;

            let (videos, video) = (lane.slots[1].context.videos.clone(), case.video.clone());
            let (sender, mut receiver) = tokio::sync::oneshot::channel();
            let lookup = async move {
                let lookup = videos.find_or_job::<eventrelay::job::Job>(
                    &video,
                    &Selector::Newest,
                    BEGINNING,
                );
                sender.send(lookup.await.unwrap()).unwrap();
            };
            let mut lookup = case.start_future(1, "lookup", Box::pin(lookup)).await;
            case.take(&mut lookup, lookup_steps).await;
            case.take(&mut maker, usize::MAX).await;
            case.take(&mut lookup, usize::MAX).await;

            let shown = receiver.try_recv().unwrap();
            let order = format!("{maker_steps} of the maker, {lookup_steps} of the lookup");
            assert_eq!(case.oracle.world().violations, [""; 0], "{order}");
            assert!(
                !is_claimed || !matches!(shown, Lookup::Absent),
                "{order}: {shown:?}"
            );
            assert!(
                !is_made || matches!(shown, Lookup::Stored(_)),
                "{order}: {shown:?}"
            );
        }
        if is_made {
            break;
        }
    }
}
