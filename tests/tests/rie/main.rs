//! Every function under the runtime interface emulator of AWS, which `sam local` runs in its
//! containers, and under the local runtime: the same events, the same answers, the same state.
//!
//! Two stacks are told the same story, one trigger of the template after the other, with events
//! made of `tests/events`. In one of them the functions run under the local runtime, in the other
//! the same binaries with the same environment under the emulator, one process of it for each.
//! Nothing but the story invokes them: the queues are read here.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod blur;
mod emulator;
mod side;
mod state;
mod story;

use emulator::Emulator;
use side::Side;

#[tokio::test]
#[ignore = "needs aws-lambda-rie, which aws-sam-cli carries: run it with `cargo rie`"]
async fn every_function_answers_as_under_the_emulator_of_aws() {
    let emulator = Emulator::find().unwrap();
    let (local, emulated) = tokio::join!(told(None), told(Some(emulator)));
    for side in [&local, &emulated] {
        let untold = side.untold();
        assert!(untold.is_empty(), "not invoked: {untold:?}");
    }
    let differences = local.differences(&emulated);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    eprintln!(
        "{} functions, {} triggers, {} events, {} messages of queues: the same answers and the same state",
        local.functions().len(),
        local.triggers(),
        local.events(),
        local.messages(),
    );
}

/// A stack that has been told the story.
async fn told(emulator: Option<Emulator>) -> Side {
    let name = emulator.as_ref().map_or("local", |_| "emulated");
    let mut side = Side::start(emulator).await.unwrap();
    if let Err(error) = story::tell(&mut side).await {
        panic!("{name}: {error:#}");
    }
    side
}
