//! `AWS::Serverless::Function` with its events, and `AWS::Serverless::HttpApi`.
//!
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html>

use std::{collections::BTreeMap, time::Duration};

use super::{
    Refused, Site,
    fields::Fields,
    intrinsics::{Kind, Scope, function_arn, queue_arn},
    model::{Api, Authorizer, Cors, Function, QueueSource, Route, RouteAuthorizer},
    refuse_dynamic_reference,
};

const WITHOUT_EFFECT: &[&str] = &[
    "Architectures",
    "Description",
    "EphemeralStorage",
    "PermissionsBoundary",
    "Policies",
    "Role",
    "Tags",
    "Tracing",
];

/// Reserved names of environment variables
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>).
const RESERVED: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "TZ",
];

/// Maximum size of all names and values of the environment, in bytes.
const MAX_ENVIRONMENT_BYTES: usize = 4096;

/// Reads a function, and its routes by the id of their API.
pub(super) fn function(
    id: &str,
    binary: Option<String>,
    mut fields: Fields,
    scope: &Scope<'_>,
    site: &Site<'_>,
) -> Result<(Function, Vec<(String, Route)>), Refused> {
    fields.only("Runtime", "provided.al2023")?;
    fields.only("Handler", "bootstrap")?;
    fields.only("PackageType", "Zip")?;
    let code = fields.text("CodeUri")?;
    let folder = code
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let binary = binary.unwrap_or_else(|| folder.to_owned());
    if binary.is_empty() || binary.starts_with('-') {
        return Err(fields.refuse("CodeUri", "names no folder"));
    }
    let timeout = fields.number("Timeout", 1..=900, 3)?;
    let memory_mb = fields.number("MemorySize", 128..=10240, 128)?;
    let reserved_concurrency = fields.optional_number("ReservedConcurrentExecutions", 0..=1000)?;
    let mut logging = fields.object("LoggingConfig")?;
    let log_format = logging
        .optional_text("LogFormat")?
        .unwrap_or_else(|| "Text".into());
    let log_level = logging.optional_text("ApplicationLogLevel")?;
    let log_level = site
        .overrides
        .get("AWS_LAMBDA_LOG_LEVEL")
        .cloned()
        .or(log_level);
    logging.finish(&["LogGroup", "SystemLogLevel"])?;
    let environment = environment(fields.object("Environment")?, site)?;

    let mut routes = Vec::new();
    let mut queue_sources = Vec::new();
    let mut schedules = Vec::new();
    for (_, mut event) in fields.object("Events")?.objects()? {
        let kind = event.text("Type")?;
        let properties = event.object("Properties")?;
        match kind.as_str() {
            "HttpApi" => routes.push(route(id, properties)?),
            "SQS" => queue_sources.push(queue_source(properties, scope)?),
            "Schedule" => schedules.extend(schedule("Schedule", properties)?),
            "ScheduleV2" => schedules.extend(schedule("ScheduleExpression", properties)?),
            _ => return Err(event.refuse("Type", format!("`{kind}` is not supported locally"))),
        }
        event.finish(&[])?;
    }
    for name in WITHOUT_EFFECT {
        let path = fields.path(name);
        refuse_dynamic_reference(fields.take(name).as_ref(), &path)?;
    }
    fields.finish(&[])?;
    let function = Function {
        name: id.to_owned(),
        binary,
        timeout: seconds(timeout),
        memory_mb,
        environment,
        log_format,
        log_level,
        reserved_concurrency,
        queue_sources,
        schedules,
    };
    Ok((function, routes))
}

fn environment(mut fields: Fields, site: &Site<'_>) -> Result<BTreeMap<String, String>, Refused> {
    let path = fields.path("Variables");
    let mut variables = fields.object("Variables")?.text_map()?;
    fields.finish(&[])?;
    for (name, value) in &mut variables {
        let refuse = |reason: String| Refused::new(format!("{path}.{name}"), reason);
        if RESERVED.contains(&name.as_str()) || name.starts_with("AWS_LAMBDA_") {
            return Err(refuse("is reserved by Lambda".into()));
        }
        if let Some(local) = site.overrides.get(name) {
            local.clone_into(value);
        } else if value.contains("{{resolve:") {
            return Err(refuse(format!("`{value}` has no local value: set {name}")));
        }
    }
    let bytes: usize = variables
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if bytes > MAX_ENVIRONMENT_BYTES {
        return Err(Refused::new(
            path,
            format!("has {bytes} bytes, more than Lambda's 4096"),
        ));
    }
    Ok(variables)
}

fn route(function: &str, mut fields: Fields) -> Result<(String, Route), Refused> {
    let api = fields.text("ApiId")?;
    let method = fields
        .optional_text("Method")?
        .unwrap_or_else(|| "ANY".into());
    let method = match method.to_ascii_uppercase().as_str() {
        "X-AMAZON-APIGATEWAY-ANY-METHOD" => "ANY".to_owned(),
        method @ ("ANY" | "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => {
            method.to_owned()
        }
        _ => return Err(fields.refuse("Method", format!("`{method}` is no method"))),
    };
    let path = fields
        .optional_text("Path")?
        .unwrap_or_else(|| "$default".into());
    if !is_route_path(&path) {
        return Err(fields.refuse("Path", format!("`{path}` is no route")));
    }
    fields.only("PayloadFormatVersion", "2.0")?;
    let mut auth = fields.object("Auth")?;
    let authorizer = match auth.optional_text("Authorizer")? {
        None => RouteAuthorizer::Default,
        Some(name) if name == "NONE" => RouteAuthorizer::None,
        Some(name) => RouteAuthorizer::Named(name),
    };
    auth.finish(&[])?;
    fields.finish(&[])?;
    let function = function.to_owned();
    Ok((
        api,
        Route {
            method,
            path,
            function,
            authorizer,
        },
    ))
}

fn is_route_path(path: &str) -> bool {
    if path == "$default" {
        return true;
    }
    let Some(rest) = path.strip_prefix('/') else {
        return false;
    };
    let segments: Vec<_> = rest.split('/').collect();
    segments.iter().enumerate().all(|(index, segment)| {
        match segment
            .strip_prefix('{')
            .map(|inner| inner.strip_suffix('}'))
        {
            None => !segment.contains(['{', '}', '?', '#', ' ']),
            Some(None) => false,
            Some(Some(name)) => {
                let bare = name.strip_suffix('+');
                let last = index + 1 == segments.len();
                let name = bare.unwrap_or(name);
                (bare.is_none() || last)
                    && !name.is_empty()
                    && name
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
            }
        }
    })
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html>
fn queue_source(mut fields: Fields, scope: &Scope<'_>) -> Result<QueueSource, Refused> {
    let arn = fields.text("Queue")?;
    let Some(queue) = queue_of(&arn, scope) else {
        return Err(fields.refuse("Queue", format!("`{arn}` is no queue of the template")));
    };
    let batch_size = fields.number("BatchSize", 1..=10_000, 10)?;
    let window = fields.number("MaximumBatchingWindowInSeconds", 0..=300, 0)?;
    if batch_size > 10 && window == 0 {
        return Err(fields.refuse("BatchSize", "above 10 needs MaximumBatchingWindowInSeconds"));
    }
    let mut report_batch_item_failures = false;
    for name in fields.texts("FunctionResponseTypes")? {
        if name != "ReportBatchItemFailures" {
            return Err(fields.refuse("FunctionResponseTypes", format!("`{name}` is unknown")));
        }
        report_batch_item_failures = true;
    }
    let mut scaling = fields.object("ScalingConfig")?;
    let maximum_concurrency = scaling.optional_number("MaximumConcurrency", 2..=1000)?;
    scaling.finish(&[])?;
    if !fields.flag("Enabled", true)? {
        return Err(fields.refuse("Enabled", "false is not supported locally"));
    }
    fields.finish(&["MetricsConfig"])?;
    Ok(QueueSource {
        queue,
        batch_size,
        batching_window: seconds(window),
        report_batch_item_failures,
        maximum_concurrency,
    })
}

/// Returns the period of an event of type `Schedule` or `ScheduleV2`, or `None` if it is disabled
/// (<https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>).
fn schedule(name: &str, mut fields: Fields) -> Result<Option<Duration>, Refused> {
    let expression = fields.text(name)?;
    let Some(every) = rate(&expression) else {
        let reason = format!("`{expression}` is no rate, which is all that is supported locally");
        return Err(fields.refuse(name, reason));
    };
    let is_enabled = fields.flag("Enabled", true)?;
    let state = fields.optional_text("State")?;
    fields.finish(&["Description", "FlexibleTimeWindow", "Name", "RetryPolicy"])?;
    let is_on = is_enabled && state.is_none_or(|state| state == "ENABLED");
    Ok(is_on.then_some(every))
}

fn rate(expression: &str) -> Option<Duration> {
    let inner = expression.strip_prefix("rate(")?.strip_suffix(')')?;
    let (value, unit) = inner.split_once(' ')?;
    let value: u32 = value.parse().ok().filter(|value| *value > 0)?;
    let minutes = match unit.strip_suffix('s').unwrap_or(unit) {
        "minute" => 1,
        "hour" => 60,
        "day" => 24 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(60 * minutes) * value)
}

/// Returns the logical id of the queue with this ARN.
pub(super) fn queue_of(arn: &str, scope: &Scope<'_>) -> Option<String> {
    scope
        .resources
        .iter()
        .find(|(id, kind)| **kind == Kind::Queue && queue_arn(id) == arn)
        .map(|(id, _)| id.clone())
}

/// Reads the API without its routes, which are events of functions.
pub(super) fn api(
    id: &str,
    mut fields: Fields,
    scope: &Scope<'_>,
    site: &Site<'_>,
) -> Result<Api, Refused> {
    fields.only("StageName", "$default")?;
    let mut auth = fields.object("Auth")?;
    let declared = auth.optional_text("DefaultAuthorizer")?;
    let default_authorizer = site
        .overrides
        .get("DEFAULT_AUTHORIZER")
        .cloned()
        .or(declared);
    let mut authorizers = BTreeMap::new();
    for (name, fields) in auth.object("Authorizers")?.objects()? {
        authorizers.insert(name, authorizer(fields, scope)?);
    }
    if let Some(name) = &default_authorizer
        && !authorizers.contains_key(name)
    {
        return Err(auth.refuse("DefaultAuthorizer", format!("`{name}` is no authorizer")));
    }
    auth.finish(&[])?;
    let cors = match fields.take("CorsConfiguration") {
        None => None,
        Some(cors) => Some(cors_rules(Fields::new(
            fields.path("CorsConfiguration"),
            Some(cors),
        )?)?),
    };
    fields.finish(&[
        "AccessLogSettings",
        "DefaultRouteSettings",
        "Description",
        "PropagateTags",
        "Tags",
    ])?;
    Ok(Api {
        name: id.to_owned(),
        routes: Vec::new(),
        authorizers,
        default_authorizer,
        cors,
    })
}

/// Reads API Gateway's extension of OpenAPI, which SAM uses for values that depend on a condition
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-cors-configuration.html>).
fn cors_rules(mut fields: Fields) -> Result<Cors, Refused> {
    let mut lower = |name: &str| -> Result<Vec<String>, Refused> {
        let names = fields.texts(name)?;
        Ok(names.iter().map(|one| one.to_ascii_lowercase()).collect())
    };
    let (allow_headers, expose_headers) = (lower("allowHeaders")?, lower("exposeHeaders")?);
    let cors = Cors {
        allow_origins: fields.texts("allowOrigins")?,
        allow_methods: fields.texts("allowMethods")?,
        allow_headers,
        expose_headers,
        max_age: seconds(fields.number("maxAge", 0..=86_400, 0)?),
    };
    fields.finish(&[])?;
    Ok(cors)
}

fn authorizer(mut fields: Fields, scope: &Scope<'_>) -> Result<Authorizer, Refused> {
    let arn = fields.text("FunctionArn")?;
    let function = scope
        .resources
        .iter()
        .find(|(id, kind)| **kind == Kind::Function && function_arn(id) == arn)
        .map(|(id, _)| id.clone());
    let Some(function) = function else {
        return Err(fields.refuse(
            "FunctionArn",
            format!("`{arn}` is no function of the template"),
        ));
    };
    fields.only("AuthorizerPayloadFormatVersion", "2.0")?;
    if !fields.flag("EnableSimpleResponses", false)? {
        return Err(fields.refuse("EnableSimpleResponses", "must be true"));
    }
    let mut identity = fields.object("Identity")?;
    let identity_headers: Vec<_> = identity
        .texts("Headers")?
        .iter()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    if identity_headers.is_empty() {
        return Err(identity.refuse("Headers", "is missing"));
    }
    let context = identity.texts("Context")?;
    if let Some(other) = context.iter().find(|name| *name != "routeKey") {
        return Err(identity.refuse("Context", format!("`{other}` is not supported locally")));
    }
    let reauthorize_every = identity.number("ReauthorizeEvery", 0..=3600, 0)?;
    identity.finish(&[])?;
    fields.finish(&["EnableFunctionDefaultPermissions", "FunctionInvokeRole"])?;
    Ok(Authorizer {
        function,
        identity_headers,
        by_route: !context.is_empty(),
        reauthorize_every: seconds(reauthorize_every),
    })
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}
