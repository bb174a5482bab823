//! Limits that all instances keep together: who waits, who is refused, who is left alone, and
//! what may be paid.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use eventrelay::{
    clock::Timestamp,
    limit::{Cost, Decision, Policy, Quota, Unit, Zone},
    store::limits::Limits,
};
use eventrelay_tests::{PATIENCE, Response, Stack, until};
use futures_util::future::join_all;
use serde_json::{Value, json};

const PRICES: (&str, &str) = ("GEMINI_PRICES", "gemini=1/10");

fn slug(job: &Value) -> &str {
    let kind = job["error"]["type"].as_str();
    kind.unwrap_or_else(|| panic!("{job:#}"))
        .rsplit(':')
        .next()
        .unwrap()
}

async fn submit_all(stack: &Stack, ids: &[&str]) -> Vec<Value> {
    let submit = |id: &&str| stack.accepted("/v1/videos", json!({"url": id}));
    let jobs = join_all(ids.iter().map(submit)).await;
    jobs.into_iter().map(Result::unwrap).collect()
}

async fn ends_of(stack: &Stack, jobs: &[Value]) -> Vec<Value> {
    let ends = join_all(jobs.iter().map(|job| stack.end_of(job))).await;
    ends.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn limiter_with_concurrent_callers_admits_exact_quota() {
    let stack = Stack::start().await.unwrap();
    let policy = Policy {
        name: "together".to_owned(),
        quotas: vec![Quota::rate(Unit::Requests, 250, Duration::from_secs(60))],
        breaks: false,
        waits: true,
    };
    let now = Timestamp::now();
    let asked = join_all((0..40).map(async |_| {
        // Each is an instance of its own, which has seen nothing of the others.
        let limits = Limits::new(stack.dynamodb(), stack.name("ControlsTable").to_owned());
        limits
            .acquire(&policy, Cost::CALL, false, || now)
            .await
            .unwrap()
    }))
    .await;
    let passed = asked
        .iter()
        .filter(|one| matches!(one, Decision::Pass { .. }));
    assert_eq!(passed.count(), 10);
    let mut turns: Vec<Timestamp> = asked
        .iter()
        .filter_map(|one| match one {
            Decision::Throttled { until, .. } => Some(*until),
            Decision::Pass { .. } => None,
        })
        .collect();
    turns.sort_unstable();
    turns.dedup();
    assert_eq!(turns.len(), 30, "every turn is given once");
}

/// Else a call that waits long for its row would come among those of a later moment.
#[tokio::test]
async fn limiter_retries_late_admissions_a_bounded_number_of_times() {
    let stack = Stack::start().await.unwrap();
    let policy = Policy {
        name: "late".to_owned(),
        quotas: vec![Quota::rate(Unit::Requests, 250, Duration::from_secs(3600))],
        breaks: false,
        waits: true,
    };
    let of_a_day = Policy {
        name: "late of a day".to_owned(),
        quotas: vec![Quota::day(Unit::Requests, 10, Zone::Utc)],
        ..policy.clone()
    };
    let limits = Limits::new(stack.dynamodb(), stack.name("ControlsTable").to_owned());
    let now = Timestamp::now();
    let left = |policy| limits.last_seen(policy, now)[0].left;
    // The clock has been looked at before each write and behind it.
    let calls = [
        (&policy, 0, 9),
        (&policy, 2, 7),
        (&policy, u64::MAX, 4),
        (&of_a_day, u64::MAX, 9),
    ];
    for (policy, late_until, expected_left) in calls {
        let looked = AtomicU64::new(0);
        let clock = || match looked.fetch_add(1, Ordering::Relaxed) {
            look if look < late_until => now + Duration::from_secs(look),
            _ => now + Duration::from_secs(late_until.min(6)),
        };
        let decision = limits.acquire(policy, Cost::CALL, false, clock).await;
        assert_eq!(decision.unwrap(), Decision::Pass { probe: false });
        let case = format!("{}, late until {late_until}", policy.name);
        assert_eq!(left(policy), expected_left, "{case}");
    }
}

#[tokio::test]
async fn limiter_without_quota_never_waits_and_admits_one_probe() {
    let stack = Stack::start().await.unwrap();
    let policy = Policy {
        name: "unlimited".to_owned(),
        quotas: Vec::new(),
        breaks: true,
        waits: true,
    };
    let instance = || Limits::new(stack.dynamodb(), stack.name("ControlsTable").to_owned());
    let ask = async |now: Timestamp| {
        let asked =
            (0..20).map(async |_| instance().acquire(&policy, Cost::CALL, false, || now).await);
        let asked = join_all(asked).await.into_iter().map(Result::unwrap);
        asked.collect::<Vec<Decision>>()
    };
    let fail = async |count: usize, now: Timestamp| {
        let noted = (0..count).map(async |_| instance().failed(&policy.name, false, now).await);
        let noted = join_all(noted).await.into_iter().map(Result::unwrap);
        noted.filter(|opened| *opened).count()
    };
    let now = Timestamp::now();
    let pass = |probe| Decision::Pass { probe };
    assert_eq!(ask(now).await, [pass(false); 20]);
    // The first failure begins to count.
    assert_eq!(fail(1, now).await, 0);
    assert_eq!(ask(now).await, [pass(false); 20]);
    assert_eq!(fail(8, now).await, 0, "of more than twice as many calls");
    assert_eq!(fail(10, now).await, 1, "one of them has opened it");
    let held = ask(now).await;
    assert!(
        held.iter()
            .all(|one| matches!(one, Decision::Throttled { .. })),
        "{held:?}"
    );
    let later = now + Duration::from_secs(15);
    let probes = ask(later).await;
    let passed = probes.iter().filter(|one| **one == pass(true));
    assert_eq!(passed.count(), 1, "{probes:?}");
    instance().succeeded(&policy.name, later).await.unwrap();
    assert_eq!(ask(later).await, [pass(false); 20]);
}

#[tokio::test]
async fn key_rate_limit_is_enforced_and_reported_in_headers() {
    let stack = Stack::with(&[("API_REQUESTS_PER_MINUTE", "40")])
        .await
        .unwrap();
    stack
        .accept_key("er-other-key-0123456789", &["read"])
        .await
        .unwrap();
    let number = |response: &Response, name: &str, part: &str| -> u64 {
        let header = response.header(name);
        let value = header.split(';').find_map(|item| item.strip_prefix(part));
        value
            .unwrap_or_else(|| panic!("{name}: {header}"))
            .parse()
            .unwrap()
    };
    let mut refused = None;
    for _ in 0..10 {
        let response = stack.get("/v1/stats").await.unwrap();
        assert_eq!(number(&response, "ratelimit-policy", "q="), 40);
        assert_eq!(number(&response, "ratelimit-policy", "w="), 60);
        if response.status == 429 {
            refused = Some(response);
            break;
        }
        let _ = response.expect(200);
    }
    let refused = refused.expect("more than a burst has passed");
    assert_eq!(
        refused.json()["type"],
        "urn:eventrelay:problem:too-many-requests"
    );
    assert_eq!(number(&refused, "ratelimit", "r="), 0);
    let pause: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=2).contains(&pause), "{pause}");

    // Other keys keep their quota, and endpoints without a key have no limit.
    let other = [("x-api-key", "er-other-key-0123456789")];
    let answer = stack
        .call(reqwest::Method::GET, "/v1/stats", &other, None)
        .await;
    let _ = answer.unwrap().expect(200);
    for _ in 0..10 {
        let health = stack.get("/health").await.unwrap().expect(200);
        assert_eq!(health.header("ratelimit"), "");
    }
    // And the time that was told is right.
    let passes_again = async || {
        let answer = stack.get("/v1/stats").await?;
        Ok((answer.status == 200).then_some(()))
    };
    until(Duration::from_secs(10), passes_again).await.unwrap();
}

#[tokio::test]
async fn throttled_jobs_wait_in_the_queue_without_billed_time() {
    // A burst of two, then one every three seconds.
    let stack = Stack::with(&[("GEMINI_REQUESTS_PER_MINUTE", "21")])
        .await
        .unwrap();
    let ids = [
        "LLLLLLLLLLA",
        "LLLLLLLLLLE",
        "LLLLLLLLLLI",
        "LLLLLLLLLLM",
        "LLLLLLLLLLQ",
    ];
    let jobs = submit_all(&stack, &ids).await;
    let shown = until(PATIENCE, async || {
        let status = stack.get_json("/v1/status").await?;
        let services = status["services"].as_array().unwrap();
        let used = services.iter().find(|one| one["limits"][0]["left"] == 0.0);
        Ok(used.cloned())
    })
    .await
    .unwrap();
    assert_eq!(shown["limits"][0]["quantity"], 21.0, "{shown:#}");
    for job in ends_of(&stack, &jobs).await {
        assert_eq!(job["status"], "done", "{job:#}");
    }
    let calls = stack.gemini_calls(":generateContent").await.unwrap();
    let mut at: Vec<u64> = calls
        .iter()
        .map(|call| call["at_ms"].as_u64().unwrap())
        .collect();
    assert_eq!(at.len(), 5, "one call each");
    at.sort_unstable();
    for (earlier, later) in at.iter().zip(&at[2..]) {
        assert!(later - earlier >= 2800, "three within an interval: {at:?}");
    }
    let busy: f64 = (stack.invocations().await.unwrap().iter())
        .filter(|one| one["function"] == "AdvanceAnalysis")
        .map(|one| one["duration_ms"].as_f64().unwrap_or(0.0))
        .sum();
    let waited = (at[4] - at[0]) as f64;
    assert!(busy < waited, "busy {busy} ms in {waited} ms");
}

#[tokio::test]
async fn circuit_breaker_opens_and_one_probe_closes_it() {
    let stack = Stack::start().await.unwrap();
    let fault = json!({"on": "generate", "times": null, "fault": {"kind": "overloaded"}});
    stack.gemini_fault(fault).await.unwrap();
    let ids = [
        "OOOOOOOOOOA",
        "OOOOOOOOOOE",
        "OOOOOOOOOOI",
        "OOOOOOOOOOM",
        "OOOOOOOOOOQ",
        "OOOOOOOOOOU",
    ];
    let jobs = submit_all(&stack, &ids).await;
    let model = async || {
        let status = stack.get_json("/v1/status").await?;
        let services = status["services"].as_array().unwrap().clone();
        let model = services.into_iter().find(|one| one["breaker"] == "open");
        Ok(model.map(|model| (status["status"].clone(), model)))
    };
    let (status, model) = until(PATIENCE, model).await.unwrap();
    assert_eq!(status, "degraded");
    assert!(
        model["name"]
            .as_str()
            .unwrap()
            .starts_with("gemini:gemini-"),
        "{model:#}"
    );
    let opens_at = Timestamp::parse_rfc3339(model["opens_at"].as_str().unwrap()).unwrap();
    let before = stack.gemini_calls(":generateContent").await.unwrap().len();
    let control = format!("{}/_control/faults", stack.ready.standins.gemini);
    stack
        .control(reqwest::Method::DELETE, control, json!({}))
        .await
        .unwrap();

    let ends = ends_of(&stack, &jobs).await;
    for job in &ends {
        assert_eq!(job["status"], "done", "what waited was not failed: {job:#}");
    }
    let calls = stack.gemini_calls(":generateContent").await.unwrap();
    // The stand-in counts from its start; the probe is the first that it sees again.
    let first_again = calls[before]["at_ms"].as_u64().unwrap();
    let last_before = calls[before - 1]["at_ms"].as_u64().unwrap();
    assert!(
        first_again - last_before > 10_000,
        "{first_again} after {last_before}"
    );
    let done = ends
        .iter()
        .map(|job| job["updated_at"].as_str().unwrap())
        .min();
    assert!(Timestamp::parse_rfc3339(done.unwrap()).unwrap() >= opens_at);
    let status = stack.get_json("/v1/status").await.unwrap();
    assert_eq!(status["status"], "ok", "{status:#}");
}

#[tokio::test]
async fn cost_cap_stops_jobs_before_any_spending() {
    let stack = Stack::with(&[PRICES]).await.unwrap();
    stack
        .gemini_settings(json!({"video_duration_s": 600.0}))
        .await
        .unwrap();
    let upload = stack.upload("capped.mp4", media().await).await.unwrap();
    // 600 s at 300 tokens a second for a dollar the million are 18 cents, and what is written.
    let capped = |usd: f64| json!({"upload_id": upload, "max_cost_usd": usd});
    let job = stack.run(capped(0.1)).await.unwrap();
    assert_eq!(slug(&job), "cost-above-cap");
    let estimate = job["error"]["estimated_cost_usd"].as_f64().unwrap();
    assert!((0.2..0.3).contains(&estimate), "{estimate}");
    assert!(
        stack
            .gemini_calls(":generateContent")
            .await
            .unwrap()
            .is_empty()
    );
    let gone = async || Ok(stack.gemini_files().await?.is_empty().then_some(()));
    until(PATIENCE, gone).await.expect("nothing is left");

    // At low resolution it is a third of that; another cap is not answered by the failure before.
    let mut low = capped(0.15);
    low["resolution"] = json!("low");
    let job = stack.run(low.clone()).await.unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
    let usage = &job["usage"];
    let tokens = |name: &str| usage[name].as_u64().unwrap();
    assert_eq!(tokens("model_calls"), 1);
    assert!(
        tokens("billed_ms") > 0 && tokens("input_tokens") > 0,
        "{usage}"
    );
    let cost = usage["cost_usd"].as_f64().unwrap();
    assert!(cost > 0.0 && cost <= 0.15, "{cost}");
    let path = job["links"]["video"].as_str().unwrap();
    let analysis = stack.get_json(path).await.unwrap();
    let receipt = &analysis["provenance"]["usage"];
    assert_eq!(receipt["cost_usd"], usage["cost_usd"]);
    assert!(receipt["billed_ms"].as_u64().unwrap() > 0);

    // A later identical submission pays nothing.
    let found = stack
        .post("/v1/videos", low)
        .await
        .unwrap()
        .expect(200)
        .json();
    assert_eq!(found["saved"]["cost_usd"], usage["cost_usd"], "{found:#}");
    until(PATIENCE, async || {
        let stats = stack.get_json("/v1/stats").await?;
        let saved = stats["lookups"]["saved_usd"].as_f64().unwrap();
        Ok(((saved - cost).abs() < 1e-5).then_some(()))
    })
    .await
    .unwrap();

    for wrong in [json!(0), json!(-1), json!("1"), json!(1e9)] {
        let body = json!({"url": "CCCCCCCCCCA", "max_cost_usd": wrong});
        let refused = stack.post("/v1/videos", body).await.unwrap().expect(422);
        assert_eq!(refused.json()["field"], "max_cost_usd");
    }
    let body = json!({"url": "CCCCCCCCCCA", "resolution": "8k"});
    let refused = stack.post("/v1/videos", body).await.unwrap().expect(422);
    assert_eq!(refused.json()["field"], "resolution");
}

#[tokio::test]
async fn budget_is_spent_once_and_alerts_once() {
    let budget = ("DAILY_BUDGET_USD", "1");
    let stack = Stack::with(&[PRICES, budget, ("JOB_DEADLINE_S", "30")])
        .await
        .unwrap();
    stack
        .gemini_settings(json!({"video_duration_s": 600.0}))
        .await
        .unwrap();
    // Each is estimated at some 24 cents and takes another amount: that is what is paid.
    let mut paid = 0.0;
    for id in ["DDDDDDDDDDA", "DDDDDDDDDDE", "DDDDDDDDDDI"] {
        let job = stack
            .run(json!({"url": id, "start_s": 0, "end_s": 600}))
            .await
            .unwrap();
        assert_eq!(job["status"], "done", "{job:#}");
        paid += job["usage"]["cost_usd"].as_f64().unwrap();
    }
    assert!(paid > 0.0 && (paid - 3.0 * 0.244).abs() > 0.01, "{paid}");
    let status = stack.get_json("/v1/status").await.unwrap();
    let left = status["budget"]["left"].as_f64().unwrap();
    assert!((1.0 - paid - left).abs() < 1e-4, "{paid} paid: {status:#}");
    for id in ["DDDDDDDDDDM", "DDDDDDDDDDQ"] {
        let long = json!({"url": id, "start_s": 0, "end_s": 3600});
        let job = stack.run(long).await.unwrap();
        assert_eq!(slug(&job), "budget-spent");
    }
    let mut told = stack.rows("ControlsTable").await.unwrap();
    told.retain(|row| {
        let key = row["pk"].as_s().unwrap();
        key.starts_with("limit#budget:told:")
    });
    assert_eq!(told.len(), 1, "{told:#?}");
    let calls = stack.gemini_calls(":generateContent").await.unwrap();
    assert_eq!(calls.len(), 3, "nothing is paid beyond the budget");
}

async fn media() -> Vec<u8> {
    let path = eventrelay_tests::repository("tests/data/media/talk.mp4");
    std::fs::read(path).unwrap()
}
