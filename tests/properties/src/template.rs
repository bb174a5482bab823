//! `template.yaml`.

use std::collections::BTreeMap;

use eventrelay_template::{Site, read};

/// A template is read or refused in words, and every name in it leads to something.
pub(crate) fn template(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let site = Site {
        sqs: "http://127.0.0.1:1",
        overrides: &BTreeMap::new(),
    };
    let template = match read(text, &site) {
        Ok(template) => template,
        Err(refused) => {
            assert!(!refused.to_string().is_empty());
            return;
        }
    };
    let is_function = |name: &str| template.functions.iter().any(|one| one.name == name);
    for route in template.api.iter().flat_map(|api| &api.routes) {
        assert!(is_function(&route.function), "{route:?}");
    }
    let is_queue = |name: &str| template.queues.iter().any(|one| one.name == name);
    for function in &template.functions {
        for source in &function.queue_sources {
            assert!(is_queue(&source.queue), "{source:?}");
        }
    }
    for (target, _) in template
        .queues
        .iter()
        .filter_map(|queue| queue.redrive.as_ref())
    {
        assert!(is_queue(target), "{target}");
    }
}
