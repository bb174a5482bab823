//! Single flight and swap under races: generated interleavings under a clock that jumps.
//!
//! Each case is one video on the embedded services. Two or three actors submit and work, others work
//! on the same jobs, read, and sometimes delete. A step of an actor is one request to DynamoDB or S3
//! with its answer. The seed of the case determines the next actor, the jumps of the clock and the
//! crashes.
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

use actors::{ActorContext, Making, Role, act};
use eventrelay::{
    clock::Timestamp,
    store::videos::{Lookup, Selector},
    video::VideoKey,
};
use eventrelay_tests::{
    Ready, Stack,
    gate::{Actor, Arrival, CallOutcome, Gate, Stores, http_client, step},
};
use fastrand::Rng;
use oracle::Oracle;

const INTERLEAVINGS: u64 = 200;

/// Cases at a time.
const LANES: usize = 6;

/// 2100-01-01: no job is ever due by the clock of the stack, which lets them alone.
const BEGINNING: Timestamp = Timestamp(4_102_444_800_000);

/// The most actors of a case, and the one that looks in the end.
const SLOTS: usize = 8;

/// More requests than a lookup makes.
const MAX_LOOKUP_REQUESTS: usize = 5;

/// Clients and gate of an actor. They are reused, as clients are expensive to build.
struct ClientSlot {
    gate: Gate,
    stores: Stores,
}

struct RaceLane {
    slots: Vec<ClientSlot>,
    behind: Stores,
}

impl RaceLane {
    fn new(ready: &Ready) -> Self {
        let http = http_client();
        let slots = (0..SLOTS).map(|_| {
            let gate = Gate::default();
            let stores = Stores::new(ready, &http, Some(&gate));
            ClientSlot { gate, stores }
        });
        Self {
            slots: slots.collect(),
            behind: Stores::new(ready, &http, None),
        }
    }
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
        let nonce = fastrand::u128(..);
        let case = Self {
            lane,
            random,
            oracle: Arc::default(),
            video: format!("up:{nonce:064x}").parse().unwrap(),
            deaths,
        };
        case.oracle.world().now = BEGINNING;
        case
    }

    fn context(&self, slot: usize, name: String) -> ActorContext {
        ActorContext {
            name,
            stores: self.lane.slots[slot].stores.clone(),
            behind: self.lane.behind.clone(),
            gate: self.lane.slots[slot].gate.clone(),
            oracle: Arc::clone(&self.oracle),
            video: self.video.clone(),
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
            roles.push(Role::Worker(self.making(variants)));
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
            ..65 => 0,
            65..88 => self.random.u64(1..=5),
            88..95 => self.random.u64(20..=30),
            95..98 => self.random.u64(85..=125),
            _ => self.random.u64(175..=200),
        };
        let millis = self.random.u64(0..=1);
        let jump = Duration::from_secs(seconds) + Duration::from_millis(millis);
        self.oracle.world().jump(jump);
    }

    async fn run(&mut self) {
        let roles = self.roles();
        let mut actors: Vec<(usize, String, Actor)> = Vec::new();
        for (slot, role) in roles.into_iter().enumerate() {
            let name = format!("actor {slot}");
            self.oracle.world().log(format!("{name} is {role:?}"));
            let mut actor: Actor = Box::pin(act(self.context(slot, name.clone()), role));
            step(&mut actor, &self.lane.slots[slot].gate, None).await;
            actors.push((slot, name, actor));
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
            let first = actors.iter().position(|(slot, ..)| *slot == 0);
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
            let (slot, name, actor) = &mut actors[next];
            let crashes = self.random.u8(..100) < self.deaths;
            let response_lost = crashes && self.random.bool();
            if crashes && !response_lost {
                self.oracle.world().log(format!("{name} crashes"));
                drop(actors.swap_remove(next));
                continue;
            }
            let outcome = if response_lost {
                CallOutcome::ResponseLost
            } else {
                CallOutcome::Answered
            };
            match step(actor, &self.lane.slots[*slot].gate, Some(outcome)).await {
                Arrival::Waits => {}
                Arrival::Finished => {
                    drop(actors.swap_remove(next));
                }
                Arrival::Cut => {
                    let mut world = self.oracle.world();
                    world.log(format!("{name} crashes, response lost"));
                    world.response_lost(name);
                    drop(world);
                    drop(actors.swap_remove(next));
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
            stores: self.lane.behind.clone(),
            ..self.context(SLOTS - 1, "the last".to_owned())
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
        let lane = self.lane;
        let slot = &lane.slots[SLOTS - 1];
        let known = self.oracle.world().indexed.len();
        let making = Making {
            variant: 0,
            force: false,
            fails: false,
            large: false,
        };
        let context = self.context(SLOTS - 1, "the last".to_owned());
        let mut actor: Actor = Box::pin(act(context, Role::Maker(making)));
        let mut outcome = None;
        while step(&mut actor, &slot.gate, outcome).await == Arrival::Waits {
            outcome = Some(CallOutcome::Answered);
        }
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
    let next = Arc::new(AtomicU64::new(0));
    let lanes: Vec<_> = (0..LANES)
        .map(|_| {
            let (ready, next) = (stack.ready.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let lane = RaceLane::new(&ready);
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
            })
        })
        .collect();
    let mut generations = 0;
    let mut failures = Vec::new();
    for lane in lanes {
        match lane.await.unwrap() {
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
    let lane = RaceLane::new(&stack.ready);
    let mut is_made = false;
    for maker_steps in 0.. {
        for lookup_steps in 0..=MAX_LOOKUP_REQUESTS {
            let case = Case::new(&lane, Rng::with_seed(0), 0);
            let making = Making {
                variant: 0,
                force: false,
                fails: false,
                large: false,
            };
            let maker = act(case.context(0, "maker".to_owned()), Role::Maker(making));
            let mut maker = Gated::new(&lane.slots[0].gate, Box::pin(maker));
            maker.take(maker_steps).await;
            let is_claimed = !case.oracle.world().jobs.is_empty();
            is_made = maker.is_finished;

            let (videos, video) = (lane.slots[1].stores.videos.clone(), case.video.clone());
            let (sender, mut receiver) = tokio::sync::oneshot::channel();
            let lookup = async move {
                let lookup = videos.find_or_job::<eventrelay::job::Job>(
                    &video,
                    &Selector::Newest,
                    BEGINNING,
                );
                sender.send(lookup.await.unwrap()).unwrap();
            };
            let mut lookup = Gated::new(&lane.slots[1].gate, Box::pin(lookup));
            lookup.take(lookup_steps).await;
            maker.take(usize::MAX).await;
            lookup.take(usize::MAX).await;

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

/// An actor beside its gate.
struct Gated<'a> {
    gate: &'a Gate,
    actor: Actor,
    outcome: Option<CallOutcome>,
    is_finished: bool,
}

impl<'a> Gated<'a> {
    fn new(gate: &'a Gate, actor: Actor) -> Self {
        Self {
            gate,
            actor,
            outcome: None,
            is_finished: false,
        }
    }

    /// Lets the actor make so many requests, or go to its end.
    async fn take(&mut self, requests: usize) {
        if self.outcome.is_none() {
            self.step().await;
        }
        for _ in 0..requests {
            if self.is_finished {
                return;
            }
            self.step().await;
        }
    }

    async fn step(&mut self) {
        let arrival = step(&mut self.actor, self.gate, self.outcome).await;
        self.outcome = Some(CallOutcome::Answered);
        self.is_finished = arrival == Arrival::Finished;
    }
}
