//! Compares every function under AWS's runtime interface emulator with the local runtime: the same
//! events, responses and state.
//!
//! `sam local` runs the emulator in its containers. Both stacks receive the same sequence of
//! triggers of the template, with events made of `tests/events`. In one stack the functions run
//! under the local runtime. In the other the same binaries with the same environment run under the
//! emulator, one process for each. Only the test invokes them: it reads the queues itself.

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
