//! `cargo local sam`: lets the containers of `sam local` use this system.
//!
//! `sam local` passes a function only variables that its template declares, and none declares the
//! endpoints of the services. So the command writes a template that does, and opens the ports of
//! the services to the containers.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    net::IpAddr,
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use url::Url;

use super::{
    client,
    session::{self, Remains},
};
use crate::{
    Exit,
    cli::{Options, Sam, usage_error},
    data::Ready,
    interrupt::Interrupts,
    template,
};

/// Address that the services of this system listen on.
const OWN: &str = "127.0.0.1";

/// A function as `GET /functions` describes it, with the fields used here.
#[derive(Deserialize)]
struct Function {
    environment: BTreeMap<String, String>,
}

/// Maximum wait for a system that is starting.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Writes the template and keeps the ports open until Ctrl-C. If the system of another process ends
/// meanwhile, the command starts its own and writes the template again.
///
/// # Errors
/// Says what is missing.
pub(crate) async fn run(
    options: &Options,
    request: &Sam,
    interrupts: &Interrupts,
) -> anyhow::Result<Exit> {
    if !request.template.is_file() {
        let template = request.template.display();
        let reason =
            format!("there is no {template}: run `sam build` first, or name it by --template");
        return Err(usage_error("sam", reason).into());
    }
    session::run(
        options,
        interrupts,
        PATIENCE,
        async |ready| {
            let ports = open_all(options, ready, request).await?;
            session::until_gone(ready).await;
            drop(ports);
            Err::<(), _>(client::gone(ready))
        },
        |(), _, _| Ok(Exit::Done),
        || Remains::Template,
    )
    .await
}

/// Writes the template and opens the ports, which close when the returned value is dropped.
async fn open_all(options: &Options, ready: &Ready, request: &Sam) -> anyhow::Result<JoinSet<()>> {
    let built = std::fs::read_to_string(&request.template).with_context(|| {
        format!(
            "cannot read {}: run `sam build` first",
            request.template.display()
        )
    })?;
    let mut functions = functions(ready).await?;
    let ports = move_to(&request.address, &mut functions);
    let template = request.template.canonicalize()?;
    let folder = template.parent().context("the template is in no folder")?;
    let document = declare(template::parse(&built)?, &functions, folder)?;
    if let Some(folder) = request.out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&request.out, document.to_string())?;
    let mut opened = JoinSet::new();
    // An address of this machine can be listened on. A name is for the containers to resolve.
    if let Ok(address) = request.address.parse::<IpAddr>()
        && !address.is_loopback()
    {
        for port in ports {
            open(address, port, &mut opened).await?;
        }
    }
    let out = request.out.display();
    let text = if options.json {
        json!({ "template": request.out, "address": request.address }).to_string()
    } else {
        format!(
            "Functions in containers find this system at {}.\n\n\
             sam local invoke GetHealth --template {out} --event tests/events/GetHealth/Http.json\n\
             sam local start-api --template {out}\n\n\
             Ctrl-C ends it.",
            request.address
        )
    };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(opened)
}

async fn functions(ready: &Ready) -> anyhow::Result<BTreeMap<String, Function>> {
    let client = super::client::http()?;
    let answer = client.get(format!("{}/functions", ready.admin)).send();
    let answer = answer.await?.error_for_status()?.bytes().await?;
    Ok(serde_json::from_slice(&answer)?)
}

/// Moves the endpoints in all variables to this address, and returns their ports.
fn move_to(address: &str, functions: &mut BTreeMap<String, Function>) -> BTreeSet<u16> {
    let mut ports = BTreeSet::new();
    for function in functions.values_mut() {
        for value in function.environment.values_mut() {
            let Ok(url) = Url::parse(value) else {
                continue;
            };
            if url.scheme() == "http" && url.host_str() == Some(OWN) {
                ports.extend(url.port());
                *value = value.replacen(OWN, address, 1);
            }
        }
    }
    ports
}

/// Returns the template with these variables and with absolute paths.
fn declare(
    mut document: Value,
    functions: &BTreeMap<String, Function>,
    folder: &Path,
) -> anyhow::Result<Value> {
    for (name, function) in functions {
        let Some(properties) = document["Resources"][name]["Properties"].as_object_mut() else {
            bail!("the template that was built has no function {name}: run `sam build` again");
        };
        let code = properties.get("CodeUri").and_then(Value::as_str);
        let code = folder.join(code.with_context(|| format!("{name} has no CodeUri"))?);
        properties.insert("CodeUri".to_owned(), json!(code));
        let variables = json!({ "Variables": function.environment });
        properties.insert("Environment".to_owned(), variables);
    }
    Ok(document)
}

/// Forwards connections to a port at this address.
async fn open(address: IpAddr, port: u16, opened: &mut JoinSet<()>) -> anyhow::Result<()> {
    let listener = TcpListener::bind((address, port))
        .await
        .with_context(|| format!("cannot listen on {address}, port {port}"))?;
    opened.spawn(async move {
        loop {
            let Ok((mut caller, _)) = listener.accept().await else {
                continue;
            };
            tokio::spawn(async move {
                if let Ok(mut service) = TcpStream::connect((OWN, port)).await {
                    // Either side may end the connection.
                    let _ = copy_bidirectional(&mut caller, &mut service).await;
                }
            });
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn functions() -> BTreeMap<String, Function> {
        let variables = [
            ("QUEUE_URL", "http://127.0.0.1:4000/000000000000/q"),
            ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:4001"),
            (
                "GEMINI_BASE_URL",
                "https://generativelanguage.googleapis.com",
            ),
            ("STAGE", "dev"),
        ];
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let environment = variables.map(pair).into();
        BTreeMap::from([("GetHealth".to_owned(), Function { environment })])
    }

    #[test]
    fn local_endpoints_are_moved_to_the_address_for_containers() {
        let mut functions = functions();
        let ports = move_to("172.17.0.1", &mut functions);
        assert_eq!(ports, BTreeSet::from([4000, 4001]));
        let variables = &functions["GetHealth"].environment;
        assert_eq!(
            variables["QUEUE_URL"],
            "http://172.17.0.1:4000/000000000000/q"
        );
        assert_eq!(variables["AWS_ENDPOINT_URL_S3"], "http://172.17.0.1:4001");
        assert_eq!(
            variables["GEMINI_BASE_URL"],
            "https://generativelanguage.googleapis.com"
        );
    }

    #[test]
    fn template_declares_the_variables_of_the_local_runtime() {
        let built = json!({"Resources": {
            "GetHealth": {"Properties": {"CodeUri": "GetHealth", "Timeout": 10}},
            "Bucket": {"Properties": {}},
        }});
        let declared = declare(built, &functions(), Path::new("/b")).unwrap();
        let function = &declared["Resources"]["GetHealth"]["Properties"];
        assert_eq!(function["CodeUri"], "/b/GetHealth");
        assert_eq!(function["Timeout"], 10);
        assert_eq!(function["Environment"]["Variables"]["STAGE"], "dev");
        assert!(declare(json!({"Resources": {}}), &functions(), Path::new("/b")).is_err());
    }
}
