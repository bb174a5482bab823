//! The sequence of triggers for both stacks.
//!
//! A new trigger of the template is invoked without being named here, with its event file as it is.

use anyhow::{Context as _, ensure};
use eventrelay_tests::{
    events::{DEPLOYMENT, JOB, PROJECT},
    repository,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::side::Side;

const VIDEO: &str = "GetVideo/Http";

/// Tells all of it.
pub(crate) async fn tell(side: &mut Side) -> anyhow::Result<()> {
    the_door(side).await?;
    nothing_is_there(side).await?;
    a_video(side).await?;
    many_videos(side).await?;
    software(side).await?;
    dead_letters(side).await?;
    for trigger in side.untold() {
        if !trigger.starts_with("Delete") {
            side.ask(&trigger).await?;
        }
    }
    side.take_state().await?;
    bad_events(side).await?;
    removal(side).await?;
    side.take_state().await?;
    broken_storage(side).await
}

async fn the_door(side: &mut Side) -> anyhow::Result<()> {
    for trigger in ["Authorizer/ApiKey", "Authorizer/Bearer"] {
        let verdict = side.ask(trigger).await?;
        ensure!(verdict["isAuthorized"] == true, "{verdict}");
        let verdict = side.ask_with(trigger, "with another key", |event| {
            event["identitySource"][0] = "another".into();
            event["headers"]["x-api-key"] = "another".into();
            event["headers"]["authorization"] = "another".into();
        });
        ensure!(verdict.await?["isAuthorized"] == false, "anybody gets in");
    }
    side.expect("GetHealth/Http", 200).await?;
    side.expect("RejectUnknown/Http", 404).await?;
    Ok(())
}

/// Routes are asked before there is anything, too.
async fn nothing_is_there(side: &mut Side) -> anyhow::Result<()> {
    for trigger in [
        VIDEO,
        "GetJob/Http",
        "CancelJob/Http",
        "ListVideos/Http",
        "ListAnalyses/Http",
        "SearchVideos/Http",
        "CreateProject/Http",
        "GetProject/Http",
        "GetDeployment/Http",
        "DeleteVideo/Http",
        "DeleteProject/Http",
        "RedriveDeadLetters/Http",
    ] {
        let answer = side.ask_with(trigger, "of nothing", |_| {}).await?;
        let status = answer["statusCode"].as_u64().context("no status")?;
        ensure!(status < 500, "{trigger}: {answer:#}");
    }
    Ok(())
}

async fn a_video(side: &mut Side) -> anyhow::Result<()> {
    let granted = side.expect("CreateUpload/Http", 201).await?;
    let recording = std::fs::read(repository("tests/data/media/talk.mp4"))?;
    let upload = side.stack.put_upload(&granted["body"], recording).await?;

    let accepted = side.expect("SubmitVideo/Http", 202).await?;
    side.mean(JOB, &accepted["body"]["job_id"])?;
    side.expect("GetJob/Http", 200).await?;
    side.expect(VIDEO, 202).await?;
    side.work_off(&accepted).await?;
    side.ask_with("SubmitVideo/Http", "again", |_| {}).await?;

    for trigger in [
        "GetJob/Http",
        VIDEO,
        "GetVideo/Transcript",
        "GetVideo/Events",
        "GetVideo/Actions",
        "GetVideo/Chapters",
        "ListVideos/Http",
        "ListAnalyses/Http",
        "SearchVideos/Http",
        "GetStatus/Http",
    ] {
        side.expect(trigger, 200).await?;
    }
    for format in ["md", "vtt", "srt"] {
        let answer = side.ask_with(VIDEO, format, |event| {
            event["rawQueryString"] = format!("format={format}").into();
            event["queryStringParameters"] = json!({ "format": format });
        });
        ensure!(answer.await?["statusCode"] == 200, "no {format}");
    }
    let packed = side.ask_with(VIDEO, "compressed", |event| {
        event["headers"]["accept-encoding"] = "gzip".into();
    });
    ensure!(packed.await?["isBase64Encoded"] == true, "not compressed");

    side.expect("CreateFeedback/Http", 201).await?;
    side.expect("ListFeedback/Http", 200).await?;

    let accepted = side.ask_with("SubmitVideo/Http", "of a recording", |event| {
        event["body"] = json!({"upload_id": upload}).to_string().into();
    });
    let accepted = accepted.await?;
    side.work_off(&accepted).await?;

    let waiting = side.ask_with("SubmitVideo/Http", "to be cancelled", |event| {
        event["body"] = json!({"url": "CCCCCCCCCCA"}).to_string().into();
    });
    let waiting = waiting.await?;
    side.mean(JOB, &waiting["body"]["job_id"])?;
    side.expect("CancelJob/Http", 200).await?;
    Ok(())
}

async fn many_videos(side: &mut Side) -> anyhow::Result<()> {
    side.expect("SubmitBatch/Http", 200).await?;
    let list = "PLt5yu3-wZAlQAaPZ5Z-rJoTdbT-45Q7c0";
    let control = format!(
        "{}/_control/playlists/{list}",
        side.stack.ready.standins.youtube
    );
    let videos = json!({"videos": ["PPPPPPPP00A", "PPPPPPPP01A", "dQw4w9WgXcQ"]});
    side.stack.control(Method::PUT, control, videos).await?;
    let accepted = side.expect("SubmitPlaylist/Http", 202).await?;
    side.work_off(&accepted).await?;
    let accepted = side.expect("RecountStats/Http", 202).await?;
    side.work_off(&accepted).await
}

async fn software(side: &mut Side) -> anyhow::Result<()> {
    let planned = side.ask_with("CreateProject/Http", "as a plan", |event| {
        let asked = json!({"project_type": "web", "framework": "static", "plan_only": true});
        event["body"] = asked.to_string().into();
    });
    let planned = planned.await?;
    side.mean(PROJECT, &last(&planned["body"]["links"]["project"])?)?;
    side.work_off(&planned).await?;
    side.expect("EditPlan/Http", 200).await?;

    let accepted = side.expect("CreateProject/Http", 202).await?;
    side.mean(PROJECT, &last(&accepted["body"]["links"]["project"])?)?;
    side.work_off(&accepted).await?;
    for trigger in [
        "GetProject/Http",
        "GetProjectFile/Http",
        "GetProjectArchive/Http",
        "ListProjects/Http",
    ] {
        side.expect(trigger, 200).await?;
    }
    let accepted = side.expect("RetryProject/Http", 202).await?;
    side.work_off(&accepted).await?;

    let accepted = side.expect("CreateDeployment/Http", 202).await?;
    side.mean(DEPLOYMENT, &last(&accepted["body"]["links"]["deployment"])?)?;
    side.work_off(&accepted).await?;
    side.expect("GetDeployment/Http", 200).await?;
    side.expect("ListDeployments/Http", 200).await?;

    let accepted = side.expect("CreateSoftware/Http", 202).await?;
    side.work_off(&accepted).await
}

/// The id at the end of a link.
fn last(link: &Value) -> anyhow::Result<Value> {
    let id = link.as_str().and_then(|link| link.rsplit('/').next());
    Ok(id.context("no link")?.into())
}

/// Invalid messages become dead letters, and dead letters become rows.
async fn dead_letters(side: &mut Side) -> anyhow::Result<()> {
    for queue in ["AnalysisQueue", "TasksQueue", "BuildsQueue"] {
        let url = side.stack.queue_url(queue);
        let sent = side.stack.sqs().send_message().queue_url(url);
        sent.message_body("no message of ours").send().await?;
    }
    side.work(false).await?;
    side.work(true).await?;
    let listed = side.expect("ListDeadLetters/Http", 200).await?;
    let letters = listed["body"]["dead_letters"].as_array().map(Vec::len);
    ensure!(letters == Some(3), "{listed:#}");
    side.expect("RedriveDeadLetters/Http", 200).await?;
    Ok(())
}

/// Events that API Gateway never sends, and invalid requests of callers.
async fn bad_events(side: &mut Side) -> anyhow::Result<()> {
    for function in side.functions() {
        for (what, event) in [("nothing", json!({})), ("a number", json!(7))] {
            let label = format!("{function} {what}");
            side.record(&label, &function, &event).await?;
        }
    }
    let bodies = [("{", "no JSON"), (r#"{"url": 7}"#, "of a wrong type")];
    for trigger in [
        "SubmitVideo/Http",
        "SubmitBatch/Http",
        "SubmitPlaylist/Http",
        "CreateFeedback/Http",
        "CreateUpload/Http",
        "CreateProject/Http",
        "EditPlan/Http",
        "CreateDeployment/Http",
        "CreateSoftware/Http",
        "RedriveDeadLetters/Http",
    ] {
        for (body, what) in bodies {
            let answer = side.ask_with(trigger, what, |event| event["body"] = body.into());
            let answer = answer.await?;
            let status = answer["statusCode"].as_u64().context("no status")?;
            ensure!((400..500).contains(&status), "{trigger} {what}: {answer:#}");
        }
    }
    Ok(())
}

async fn removal(side: &mut Side) -> anyhow::Result<()> {
    side.expect("DeleteProject/Http", 204).await?;
    side.expect("DeleteVideo/Http", 204).await?;
    side.expect(VIDEO, 404).await?;
    let accepted = side.expect("DeleteVideos/Http", 202).await?;
    side.work_off(&accepted).await
}

/// Deletes a table. Responses say only that something failed, and exactly the unprocessed messages
/// of a batch are delivered again.
async fn broken_storage(side: &mut Side) -> anyhow::Result<()> {
    let gone = side
        .stack
        .dynamodb()
        .delete_table()
        .table_name(side.stack.name("JobsTable"));
    gone.send().await?;
    for trigger in ["GetJob/Http", "CancelJob/Http", "SubmitVideo/Http"] {
        let answer = side.ask_with(trigger, "without its table", |_| {}).await?;
        let status = answer["statusCode"].as_u64().context("no status")?;
        ensure!(status >= 500, "{trigger}: {answer:#}");
    }
    for trigger in [
        "AdvanceAnalysis/Queue",
        "AdvanceTask/Queue",
        "AdvanceBuild/Queue",
    ] {
        let answer = side.ask_with(trigger, "without its table", |event| {
            let mut unreadable = event["Records"][0].clone();
            unreadable["messageId"] = "unreadable".into();
            unreadable["body"] = "no message of ours".into();
            if let Some(records) = event["Records"].as_array_mut() {
                records.insert(0, unreadable);
            }
        });
        let answer = answer.await?;
        let failed = answer["batchItemFailures"].as_array().map(Vec::len);
        ensure!(failed == Some(1), "{trigger}: {answer:#}");
    }
    Ok(())
}
