//! Selection of the route of a request.
//!
//! The most specific route wins: a literal segment before a parameter before a greedy parameter,
//! then the method itself before `ANY`. `$default` matches when nothing else does.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>

use std::{cmp::Reverse, collections::BTreeMap};

use percent_encoding::percent_decode_str;

use crate::template::model::Route;

/// Specificity of a matching segment, best first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Fit {
    Literal,
    Parameter,
    Greedy,
}

/// Returns the route and its decoded path parameters.
pub(super) fn select<'a>(
    routes: &'a [Route],
    method: &str,
    path: &str,
) -> Option<(&'a Route, BTreeMap<String, String>)> {
    let matching = routes
        .iter()
        .filter(|route| route.method == method || route.method == "ANY")
        .filter_map(|route| {
            let (fits, parameters) = fit(&route.path, path)?;
            Some((route, fits, parameters))
        })
        .min_by_key(|(route, fits, _)| {
            (
                route.path == "$default",
                fits.clone(),
                Reverse(route.method == method),
            )
        });
    matching.map(|(route, _, parameters)| (route, parameters))
}

fn fit(pattern: &str, path: &str) -> Option<(Vec<Fit>, BTreeMap<String, String>)> {
    let mut parameters = BTreeMap::new();
    if pattern == "$default" {
        return Some((Vec::new(), parameters));
    }
    let mut fits = Vec::new();
    let mut rest = path.strip_prefix('/').map(|rest| rest.split('/'))?;
    for segment in pattern.strip_prefix('/')?.split('/') {
        let name = segment
            .strip_prefix('{')
            .and_then(|inner| inner.strip_suffix('}'));
        let value = rest.next()?;
        match name.map(|name| (name, name.strip_suffix('+'))) {
            None if value == segment => fits.push(Fit::Literal),
            None => return None,
            Some(_) if value.is_empty() => return None,
            Some((_, Some(name))) => {
                let whole = rest.fold(value.to_owned(), |whole, next| whole + "/" + next);
                parameters.insert(name.to_owned(), decode(&whole));
                fits.push(Fit::Greedy);
                return Some((fits, parameters));
            }
            Some((name, None)) => {
                parameters.insert(name.to_owned(), decode(value));
                fits.push(Fit::Parameter);
            }
        }
    }
    rest.next().is_none().then_some((fits, parameters))
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::model::RouteAuthorizer;

    fn select_from(keys: &[&str], method: &str, path: &str) -> Option<(String, String)> {
        let routes: Vec<_> = keys
            .iter()
            .map(|key| {
                let (method, path) = key.split_once(' ').unwrap();
                Route {
                    method: method.into(),
                    path: path.into(),
                    function: (*key).into(),
                    authorizer: RouteAuthorizer::None,
                }
            })
            .collect();
        select(&routes, method, path).map(|(route, parameters)| {
            let parameters: Vec<_> = parameters
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            (route.function.clone(), parameters.join(","))
        })
    }

    #[test]
    fn most_specific_route_is_selected() {
        let keys = [
            "ANY $default",
            "ANY /{proxy+}",
            "GET /pets/{proxy+}",
            "GET /pets/dog/{id}",
            "ANY /pets/dog/1",
            "GET /pets/dog/1",
        ];
        for (method, path, key, parameters) in [
            ("GET", "/pets/dog/1", "GET /pets/dog/1", ""),
            ("PUT", "/pets/dog/1", "ANY /pets/dog/1", ""),
            ("GET", "/pets/dog/2", "GET /pets/dog/{id}", "id=2"),
            (
                "GET",
                "/pets/cat/a%2Fb",
                "GET /pets/{proxy+}",
                "proxy=cat/a/b",
            ),
            ("POST", "/pets/cat", "ANY /{proxy+}", "proxy=pets/cat"),
            ("GET", "/", "ANY $default", ""),
        ] {
            let expected = Some((key.to_owned(), parameters.to_owned()));
            assert_eq!(
                select_from(&keys, method, path),
                expected,
                "{method} {path}"
            );
        }
    }

    #[test]
    fn path_without_a_route_is_not_found() {
        let keys = ["GET /v1/videos/{id}", "POST /v1/videos"];
        for (method, path) in [
            ("GET", "/v1/videos"),
            ("GET", "/v1/videos/"),
            ("GET", "/v1/videos/a/b"),
            ("HEAD", "/v1/videos/a"),
            ("POST", "/v1/videos/a"),
            ("OPTIONS", "*"),
        ] {
            assert_eq!(select_from(&keys, method, path), None, "{method} {path}");
        }
    }
}
