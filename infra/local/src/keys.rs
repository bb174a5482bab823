//! `cargo local key`: manages API keys of a data folder. The command uses the system that runs on
//! the folder, or only its database if none runs.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use aws_sdk_dynamodb::Client;
use eventrelay::{
    clock::Timestamp,
    store::keys::{ApiKey, KeyRow, Keys, NewKey, Scope},
};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    Exit, aws,
    cli::{CreateKey, KeyAction, Options},
    clients::{self, Clients},
    command::session::{self, Access},
    interrupt::Interrupts,
    resources,
    template::model::physical_name,
    workspace::Workspace,
};

const CONTROLS_TABLE: &str = "ControlsTable";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Accepts the key that the system is started with, with all scopes.
///
/// # Errors
/// If the table refuses the row.
pub(crate) async fn accept_own(key: &str, client: Client) -> anyhow::Result<()> {
    let own = NewKey {
        name: "cargo local".to_owned(),
        scopes: vec![Scope::Read, Scope::Write, Scope::Admin],
        per_minute: None,
        expires_at: None,
    };
    let accepted = keys(client).accept(key, &own, Timestamp::now()).await;
    accepted
        .map_err(plain)
        .context("cannot accept the API key")?;
    Ok(())
}

/// Maximum wait for a system that is starting: it may be building functions first.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Creates, lists or revokes keys, and prints the result.
///
/// # Errors
/// If the system refuses the operation.
pub(crate) async fn run(
    options: &Options,
    action: &KeyAction,
    interrupts: &Interrupts,
) -> anyhow::Result<Exit> {
    match interrupts
        .unless_received(Box::pin(done(options, action)))
        .await
    {
        Ok(text) => {
            writeln!(std::io::stdout(), "{}", text?)?;
            Ok(Exit::Done)
        }
        Err(signal) => {
            eprintln!("Interrupted. `cargo local key list` shows which keys there are.");
            Ok(Exit::Interrupted(signal))
        }
    }
}

async fn done(options: &Options, action: &KeyAction) -> anyhow::Result<String> {
    match session::open(options, Instant::now() + PATIENCE).await? {
        Access::Guest(guest) => {
            let client = clients::dynamodb(&guest.ready.aws.dynamodb);
            perform(options, action, &keys(client)).await
        }
        Access::Own(data) => {
            let (stop, shutdown) = watch::channel(false);
            let folder = data.path().join("aws");
            let services = aws::start(&folder, &clients::credentials(), shutdown).await?;
            let clients = Clients::new(&services);
            let workspace = Workspace::open(options.workspace.as_deref())?;
            let template = workspace.template(&services.sqs, &Default::default())?;
            resources::create(&template, &clients).await?;
            let performed = perform(options, action, &keys(clients.dynamodb.clone())).await;
            let _ = stop.send(true);
            drop(clients);
            services.stopped().await;
            performed
        }
    }
}

fn keys(client: Client) -> Keys {
    Keys::new(client, physical_name(CONTROLS_TABLE))
}

async fn perform(options: &Options, action: &KeyAction, keys: &Keys) -> anyhow::Result<String> {
    let now = Timestamp::now();
    let text = match action {
        KeyAction::Create(asked) => {
            let (key, row) = keys.create(&wanted(asked, now), now).await.map_err(plain)?;
            if options.json {
                let mut shown = shown(&row, now);
                shown["key"] = key.reveal().into();
                shown.to_string()
            } else {
                announced(&key, &row)
            }
        }
        KeyAction::List => {
            let rows = keys.list().await.map_err(plain)?;
            if options.json {
                Value::from_iter(rows.iter().map(|row| shown(row, now))).to_string()
            } else {
                table(&rows, now)
            }
        }
        KeyAction::Revoke { key_id } => {
            let row = keys.revoke(key_id, now).await.map_err(plain)?;
            if options.json {
                shown(&row, now).to_string()
            } else {
                format!(
                    "{} ({}) is revoked.\nA caller that used it in the last minute may use it for that minute.",
                    row.key_id, row.name
                )
            }
        }
    };
    Ok(text)
}

fn wanted(asked: &CreateKey, now: Timestamp) -> NewKey {
    let mut scopes = asked.scopes.clone();
    scopes.sort_unstable();
    scopes.dedup();
    NewKey {
        name: asked.name.clone(),
        scopes,
        per_minute: asked.per_minute,
        expires_at: asked.expires_days.map(|days| now + DAY * u32::from(days)),
    }
}

/// Returns an error with its cause. The owner of the machine may read it, a caller of the API may
/// not.
fn plain(error: eventrelay::error::Error) -> anyhow::Error {
    use eventrelay::error::Error;
    match error {
        Error::InvalidInput { .. } | Error::NotFound { .. } => {
            anyhow::anyhow!("{}", error.detail())
        }
        other => anyhow::anyhow!("{}", other.report()),
    }
}

fn scopes(row: &KeyRow) -> Vec<&'static str> {
    row.scopes.iter().map(|scope| scope.into_str()).collect()
}

fn shown(row: &KeyRow, now: Timestamp) -> Value {
    json!({
        "key_id": row.key_id,
        "name": row.name,
        "scopes": scopes(row),
        "per_minute": row.per_minute,
        "created_at": row.created_at.rfc3339(),
        "expires_at": row.expires_at.map(Timestamp::rfc3339),
        "revoked_at": row.revoked_at.map(Timestamp::rfc3339),
        "state": row.state(now),
    })
}

fn announced(key: &ApiKey, row: &KeyRow) -> String {
    format!(
        "{}\n\nThis is the key `{}`. It is not shown again. Its id is {}.",
        key.reveal(),
        row.name,
        row.key_id
    )
}

fn table(rows: &[KeyRow], now: Timestamp) -> String {
    let head = [
        "KEY ID",
        "STATE",
        "SCOPES",
        "PER MINUTE",
        "CREATED",
        "EXPIRES",
        "NAME",
    ];
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        [
            row.key_id.clone(),
            row.state(now).to_owned(),
            scopes(row).join(","),
            or_dash(row.per_minute.map(|limit| limit.to_string())),
            row.created_at.rfc3339(),
            or_dash(row.expires_at.map(Timestamp::rfc3339)),
            row.name.clone(),
        ]
    }));
    let width = |column: usize| {
        lines
            .iter()
            .map(|line| line[column].len())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    let lines = lines.iter().map(|line| {
        let cells = line.iter().zip(widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_shows_all_keys_with_their_state() {
        let row = KeyRow {
            key_id: "0123456789abcdef".into(),
            name: "a laptop".into(),
            scopes: vec![Scope::Read, Scope::Write],
            per_minute: Some(60),
            created_at: Timestamp(0),
            expires_at: Some(Timestamp(1000)),
            revoked_at: None,
        };
        assert_eq!(
            table(&[row], Timestamp(1000)),
            "KEY ID            STATE    SCOPES      PER MINUTE  CREATED               EXPIRES               NAME\n\
             0123456789abcdef  expired  read,write  60          1970-01-01T00:00:00Z  1970-01-01T00:00:01Z  a laptop"
        );
    }
}
