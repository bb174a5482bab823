use proptest::prelude::*;

use super::*;

const START: Timestamp = Timestamp(1_790_000_000_000);
const MINUTE: Duration = Duration::from_secs(60);

fn policy(quotas: Vec<Quota>) -> Policy {
    Policy {
        name: "x".to_owned(),
        quotas,
        breaks: true,
        waits: true,
    }
}

fn per_minute(quantity: u64) -> Policy {
    policy(vec![Quota::rate(Unit::Requests, quantity, MINUTE)])
}

fn ms(millis: u64) -> Timestamp {
    START + Duration::from_millis(millis)
}

/// Checks a call and updates the state.
fn ask(
    policy: &Policy,
    state: &mut LimiterState,
    has_reservation: bool,
    now: Timestamp,
) -> Decision {
    let (decision, next) = check(policy, state, Cost::CALL, has_reservation, now);
    if let Some(next) = next {
        *state = next;
    }
    decision
}

fn passes(decision: Decision) -> bool {
    matches!(decision, Decision::Pass { .. })
}

#[test]
fn stored_names_of_quotas_stay() {
    let day = |unit| Quota::day(unit, 1, Zone::Utc).name();
    assert_eq!(per_minute(1).quotas[0].name(), "requests/60s");
    assert_eq!(day(Unit::Tokens), "tokens/day");
    assert_eq!(day(Unit::MicroUsd), "micro_usd/day");
}

#[test]
fn one_call_after_the_other_uses_nearly_all_of_the_quantity() {
    for quantity in [20, 60, 1000] {
        let (policy, mut state) = (per_minute(quantity), LimiterState::default());
        let passed = (0..600_000)
            .step_by(5)
            .filter(|at| passes(ask(&policy, &mut state, true, ms(*at))))
            .count() as u64;
        assert!(passed * 100 >= quantity * 10 * 94, "{passed} of {quantity}");
    }
}

#[test]
fn a_burst_is_a_twenty_fifth_at_any_quantity() {
    for quantity in [50, 60, 200, 777, 1000, 12_345] {
        let (policy, mut state) = (per_minute(quantity), LimiterState::default());
        let passed = (0..quantity).filter(|_| passes(ask(&policy, &mut state, true, START)));
        assert_eq!(passed.count() as u64, quantity / 25);
    }
}

#[test]
fn limiter_admits_each_reservation_at_its_own_time() {
    let (policy, mut state) = (per_minute(60), LimiterState::default());
    let mut waiting = Vec::new();
    for _ in 0..50 {
        if let Decision::Throttled { reason, until } = ask(&policy, &mut state, false, START) {
            assert_eq!(reason, ThrottleReason::Rate);
            waiting.push(until);
        }
    }
    assert_eq!(waiting.len(), 48);
    assert!(waiting.is_sorted_by(|a, b| a < b), "{waiting:?}");
    for at in waiting {
        // A new caller at the same moment queues behind.
        let newcomer = ask(&policy, &mut state.clone(), false, at);
        assert!(!passes(newcomer), "overtaken at {at}");
        assert!(
            passes(ask(&policy, &mut state, true, at)),
            "refused at {at}"
        );
    }
}

#[test]
fn all_bounds_must_let_a_call_pass_and_none_is_charged_otherwise() {
    let policy = policy(vec![
        Quota::rate(Unit::Requests, 1000, MINUTE),
        Quota::day(Unit::Tokens, 100, Zone::Pacific),
    ]);
    let cost = |tokens| Cost {
        tokens,
        ..Cost::CALL
    };
    let (decision, state) = check(&policy, &LimiterState::default(), cost(60), false, START);
    assert!(passes(decision));
    let state = state.unwrap();
    let (decision, unchanged) = check(&policy, &state, cost(41), false, START);
    let until = Zone::Pacific.next_midnight(START);
    let reason = ThrottleReason::Day;
    assert_eq!(
        (decision, unchanged),
        (Decision::Throttled { reason, until }, None)
    );
    assert!(passes(check(&policy, &state, cost(40), false, START).0));
    assert!(passes(check(&policy, &state, cost(100), false, until).0));
    // The estimate was too high, so the unused part is available again.
    let settled = state.after_settlement(&policy, cost(60), cost(10), START);
    let settled = settled.unwrap();
    assert!(passes(check(&policy, &settled, cost(90), false, START).0));
    assert_eq!(
        state.after_settlement(&policy, cost(60), cost(10), until),
        None,
        "yesterday's estimate is not given back today"
    );
}

#[test]
fn a_single_call_above_the_burst_passes_alone() {
    let policy = policy(vec![Quota::rate(Unit::Tokens, 1_000_000, MINUTE)]);
    let large = Cost {
        tokens: 300_000,
        ..Cost::CALL
    };
    let (decision, state) = check(&policy, &LimiterState::default(), large, false, START);
    assert!(passes(decision));
    let (decision, _) = check(&policy, &state.unwrap(), large, false, START);
    let Decision::Throttled { until, .. } = decision else {
        panic!("{decision:?}")
    };
    let wait = START.until(until);
    assert!((18..=20).contains(&wait.as_secs()), "{wait:?}");
}

#[test]
fn a_pause_is_kept_to_and_a_shorter_one_changes_nothing() {
    let (policy, state) = (per_minute(60), LimiterState::default());
    let state = state.after_pause(ms(5000)).unwrap();
    assert_eq!(state.after_pause(ms(4000)), None);
    let (decision, _) = check(&policy, &state, Cost::CALL, true, ms(4999));
    let (reason, until) = (ThrottleReason::Paused, ms(5000));
    assert_eq!(decision, Decision::Throttled { reason, until });
    assert!(passes(check(&policy, &state, Cost::CALL, false, until).0));
}

#[test]
fn breaker_counts_calls_added_later() {
    let failures = |state: &LimiterState, count: usize, now| {
        (0..count).fold(state.clone(), |state, _| state.after_failure(false, now))
    };
    let counting = failures(&LimiterState::default().after_calls(1, START), 1, START);
    let many = failures(&counting.after_calls(40, ms(10)), 8, ms(10));
    assert_eq!(many.condition(ms(10)), Condition::Closed);
    let few = failures(&counting.after_calls(9, ms(10)), 8, ms(10));
    assert_ne!(few.condition(ms(10)), Condition::Closed);
    // Calls before the current minute do not affect it.
    let later = START + MINUTE;
    let reset = failures(&counting.after_calls(10_000, later), 5, later);
    assert_ne!(reset.condition(later), Condition::Closed);
    assert_eq!(counting.after_calls(0, later), counting);
}

#[test]
fn limiter_only_counts_calls_without_quota_use() {
    let nothing = Cost {
        requests: 0,
        ..Cost::CALL
    };
    assert!(per_minute(1).counts_only(nothing));
    assert!(!per_minute(1).counts_only(Cost::CALL));
    assert!(policy(Vec::new()).counts_only(Cost::CALL));
    let unbroken = Policy {
        breaks: false,
        ..policy(Vec::new())
    };
    assert!(!unbroken.counts_only(Cost::CALL));
}

#[test]
fn a_breaker_opens_by_share_and_lets_one_probe_pass() {
    let policy = policy(Vec::new());
    let mut state = LimiterState::default();
    for _ in 0..20 {
        assert!(passes(ask(&policy, &mut state, false, START)));
    }
    for _ in 0..9 {
        state = state.after_failure(false, START);
        assert_eq!(state.condition(START), Condition::Closed);
    }
    state = state.after_failure(false, START);
    let until = ms(15_000);
    assert_eq!(state.condition(START), Condition::Open { until });
    // A call that began before changes nothing.
    state = state.after_failure(false, ms(1));
    let open = Decision::Throttled {
        reason: ThrottleReason::Open,
        until,
    };
    assert_eq!(ask(&policy, &mut state, false, ms(14_999)), open);

    let probe = Decision::Pass { probe: true };
    assert_eq!(ask(&policy, &mut state, false, until), probe);
    let second = ask(&policy, &mut state, false, ms(15_001));
    let (reason, until) = (ThrottleReason::Open, ms(30_001));
    assert_eq!(second, Decision::Throttled { reason, until });
    // The probe fails, so the pause doubles.
    let failed = state.after_failure(true, ms(16_000));
    let until = ms(46_000);
    assert_eq!(failed.condition(ms(16_000)), Condition::Open { until });
    // The probe succeeds, so all calls pass.
    let mut closed = state.after_success();
    assert_eq!(
        ask(&policy, &mut closed, false, ms(16_000)),
        Decision::Pass { probe: false }
    );
    // The probe never reports, so another one is admitted after its timeout.
    assert_eq!(ask(&policy, &mut state, false, ms(315_000)), probe);
}

#[test]
fn few_failures_open_nothing() {
    let policy = policy(Vec::new());
    let mut state = LimiterState::default();
    for at in 0..100 {
        let now = ms(at * 20_000);
        assert!(passes(ask(&policy, &mut state, false, now)));
        state = state.after_failure(false, now);
        assert_eq!(state.condition(now), Condition::Closed, "failure {at}");
    }
}

#[test]
fn a_level_is_read_back_and_a_shorter_one_fits_more_bounds() {
    let (policy, mut state) = (per_minute(60), LimiterState::default());
    ask(&policy, &mut state, false, START);
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<LimiterState>(&text).unwrap(), state);
    assert_eq!(
        serde_json::from_str::<LimiterState>("{}").unwrap(),
        LimiterState::default()
    );
    let more = super::Policy {
        quotas: vec![policy.quotas[0], Quota::day(Unit::Requests, 1, Zone::Utc)],
        ..policy
    };
    assert!(passes(ask(&more, &mut state, false, START)));
    assert!(!passes(ask(&more, &mut state, false, START)));
}

#[test]
fn reading_has_remaining_quantity_of_each_quota() {
    let (policy, mut state) = (per_minute(100), LimiterState::default());
    let left = |state: &LimiterState| state.readings(&policy, START)[0].left;
    assert_eq!(left(&state), 4);
    ask(&policy, &mut state, false, START);
    assert_eq!(left(&state), 3);
    for _ in 0..9 {
        ask(&policy, &mut state, false, START);
    }
    assert_eq!(left(&state), 0);
}

#[test]
fn limiter_keeps_burst_of_one_quota_while_throttled_by_another() {
    let policy = policy(vec![
        Quota::rate(Unit::Requests, 1, Duration::from_secs(1)),
        Quota::rate(Unit::Requests, 500, Duration::from_secs(3600)),
    ]);
    let mut state = LimiterState::default();
    assert!(passes(ask(&policy, &mut state, false, START)));
    for second in 1..=20 {
        let Decision::Throttled { until, .. } = ask(&policy, &mut state, false, START) else {
            panic!("passed at once")
        };
        assert_eq!(until, ms(second * 1020));
    }
    for second in 1..=20 {
        assert!(passes(ask(&policy, &mut state, true, ms(second * 1020))));
    }
}

#[test]
fn a_bound_that_goes_takes_nothing_of_the_others_with_it() {
    let day = Quota::day(Unit::Requests, 1, Zone::Pacific);
    let both = policy(vec![Quota::rate(Unit::Tokens, 100, MINUTE), day]);
    let mut state = LimiterState::default();
    assert!(passes(ask(&both, &mut state, false, START)));
    assert!(!passes(ask(&policy(vec![day]), &mut state, false, START)));
}

#[test]
fn limiter_writes_no_state_for_unlimited_target_without_breaker() {
    let mut policy = policy(Vec::new());
    policy.breaks = false;
    let (decision, state) = check(&policy, &LimiterState::default(), Cost::CALL, false, START);
    assert_eq!((passes(decision), state), (true, None));
}

proptest! {
    /// For any arrivals, with or without reservation, and any latencies: no window of a minute
    /// exceeds the quantity.
    #[test]
    fn no_window_exceeds_the_quantity(
        quantity in 1u64..80,
        gaps in prop::collection::vec(
            (0u64..3000, any::<bool>(), prop::collection::vec(0u64..200, 1..4)),
            1..400,
        ),
    ) {
        let (policy, mut state) = (per_minute(quantity), LimiterState::default());
        let mut now = 0;
        let mut passed: Vec<u64> = Vec::new();
        for (gap, has_reservation, at_once) in gaps {
            now += gap;
            for under_way in at_once {
                if passes(ask(&policy, &mut state, has_reservation, ms(now))) {
                    passed.push(now + under_way);
                }
            }
        }
        passed.sort_unstable();
        for (first, begin) in passed.iter().enumerate() {
            let within = passed[first..].iter().take_while(|at| **at < begin + 60_000);
            prop_assert!(within.count() as u64 <= quantity);
        }
    }

    /// The same for two quotas with joint reservations. Throttled callers return at their time or
    /// later.
    #[test]
    fn no_window_of_several_bounds_exceeds_its_quantity(
        quick in 1u64..4,
        slow in 5u64..60,
        arrivals in prop::collection::vec((0u64..30_000, 0u64..2000), 1..80),
    ) {
        let second = Duration::from_secs(1);
        let policy = policy(vec![
            Quota::rate(Unit::Requests, quick, second),
            Quota::rate(Unit::Requests, slow, MINUTE),
        ]);
        let mut state = LimiterState::default();
        let mut queue: Vec<(u64, u64, bool)> =
            arrivals.into_iter().map(|(at, late)| (at, late, false)).collect();
        let mut passed = Vec::new();
        while let Some(next) = (0..queue.len()).min_by_key(|at| queue[*at].0) {
            let (at, late, has_reservation) = queue.swap_remove(next);
            match ask(&policy, &mut state, has_reservation, ms(at)) {
                Decision::Pass { .. } => passed.push(at),
                Decision::Throttled { until, .. } => {
                    queue.push((START.until(until).as_millis() as u64 + late, late, true));
                }
            }
        }
        for (quantity, window_ms) in [(quick, 1000), (slow, 60_000)] {
            for (first, begin) in passed.iter().enumerate() {
                let within = passed[first..].iter().take_while(|at| **at < begin + window_ms);
                prop_assert!(within.count() as u64 <= quantity);
            }
        }
    }

    /// Callers that return at their reserved time rarely need a second return.
    #[test]
    fn nobody_is_sent_away_without_end(arrivals in prop::collection::vec(0u64..20_000, 1..60)) {
        let (policy, mut state) = (per_minute(120), LimiterState::default());
        let mut queue: Vec<(u64, bool, u32)> =
            arrivals.into_iter().map(|at| (at, false, 0)).collect();
        while let Some(next) = (0..queue.len()).min_by_key(|at| queue[*at].0) {
            let (at, has_reservation, asked) = queue.swap_remove(next);
            if let Decision::Throttled { until, .. } = ask(&policy, &mut state, has_reservation, ms(at)) {
                prop_assert!(asked < 3, "held {asked} times");
                queue.push((START.until(until).as_millis() as u64, true, asked + 1));
            }
        }
    }
}
