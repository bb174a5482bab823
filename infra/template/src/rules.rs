//! Rules of AWS that concern several resources.

use std::collections::BTreeSet;

use super::{
    Refused,
    model::{RouteAuthorizer, Template, physical_name},
};

/// # Errors
/// If AWS would refuse a resource, or if two resources would have the same local name.
pub(super) fn check(template: &Template) -> Result<(), Refused> {
    distinct_names("table", template.tables.iter().map(|table| &table.name))?;
    distinct_names("bucket", template.buckets.iter().map(|bucket| &bucket.name))?;
    distinct_names("queue", template.queues.iter().map(|queue| &queue.name))?;
    for function in &template.functions {
        for source in &function.queue_sources {
            let queue = template
                .queues
                .iter()
                .find(|queue| queue.name == source.queue);
            if let Some(queue) = queue
                && function.timeout > queue.visibility_timeout
            {
                return Err(Refused::new(
                    format!("Resources.{}.Properties.VisibilityTimeout", queue.name),
                    format!(
                        "{} s is below the timeout of {}, {} s",
                        queue.visibility_timeout.as_secs(),
                        function.name,
                        function.timeout.as_secs(),
                    ),
                ));
            }
        }
    }
    if let Some(queue) = template
        .queues
        .iter()
        .find(|queue| matches!(&queue.redrive, Some((target, _)) if *target == queue.name))
    {
        return Err(Refused::new(
            format!("Resources.{}.Properties.RedrivePolicy", queue.name),
            "a queue cannot be its own dead-letter queue",
        ));
    }
    let Some(api) = &template.api else {
        return Ok(());
    };
    let mut seen = BTreeSet::new();
    for route in &api.routes {
        let path = format!("Resources.{}.Properties.Events", route.function);
        if let RouteAuthorizer::Named(name) = &route.authorizer
            && !api.authorizers.contains_key(name)
        {
            return Err(Refused::new(
                path,
                format!("authorizer `{name}` is not declared"),
            ));
        }
        if !seen.insert((&route.method, &route.path)) {
            let key = format!("{} {}", route.method, route.path);
            return Err(Refused::new(
                path,
                format!("the route `{key}` is declared twice"),
            ));
        }
    }
    Ok(())
}

fn distinct_names<'a>(kind: &str, names: impl Iterator<Item = &'a String>) -> Result<(), Refused> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(physical_name(name)) {
            return Err(Refused::new(
                format!("Resources.{name}"),
                format!("another {kind} differs from it in upper and lower case only"),
            ));
        }
    }
    Ok(())
}
