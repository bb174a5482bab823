//! The environment of a function's process.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>

use std::{collections::BTreeMap, path::Path};

use super::Settings;
use crate::template::{REGION, model::Function};

/// Returns all variables. From this process only `PATH` and `RUST_BACKTRACE` are inherited.
pub(super) fn variables(
    function: &Function,
    settings: &Settings,
    runtime_api: &str,
    log_stream: &str,
) -> BTreeMap<String, String> {
    let mut variables = configured(function, settings);
    for name in ["PATH", "RUST_BACKTRACE"] {
        if let Ok(value) = std::env::var(name) {
            variables.entry(name.to_owned()).or_insert(value);
        }
    }
    let task_root = settings.binaries.display().to_string();
    let memory = function.memory_mb.to_string();
    let log_group = format!("/aws/lambda/{}", function.name);
    for (name, value) in [
        ("_HANDLER", "bootstrap"),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_FUNCTION_NAME", &function.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_FORMAT", &function.log_format),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_REGION", REGION),
        ("LAMBDA_TASK_ROOT", &task_root),
        ("TZ", ":UTC"),
    ] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    if let Some(level) = &function.log_level {
        variables.insert("AWS_LAMBDA_LOG_LEVEL".to_owned(), level.clone());
    }
    variables
}

/// Returns the variables of the template, with endpoints and credentials of the embedded services.
/// They contain no secret: the credentials are valid locally only, and keys appear by name.
pub(super) fn configured(function: &Function, settings: &Settings) -> BTreeMap<String, String> {
    let mut variables = function.environment.clone();
    // The path of the certificates on Amazon Linux does not exist on most machines.
    if let Some(path) = variables.get("SSL_CERT_FILE")
        && !Path::new(path).exists()
    {
        variables.remove("SSL_CERT_FILE");
    }
    variables.extend(settings.services.clone());
    variables
}
