//! The routing table: which method and path lead where. It is the description's own, so the two cannot differ.

use std::{collections::HashMap, sync::LazyLock};

use http::Method;

use super::{description, wire::auth::HttpMethod};
use crate::common::path::{NoRoute, Params, params};

/// A method and path that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: HttpMethod,
    /// The path below `/1.0`, with its parameters in braces: `/service/{serviceId}/renew`.
    pub path: &'static str,
}

/// A request that a route takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Position of the route in [`routes`].
    pub index: usize,
    /// The parameters of its path.
    pub params: Params,
}

/// Returns all routes.
pub fn routes() -> &'static [Route] {
    static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| description::routes().collect());
    &ROUTES
}

/// Finds the route for a method and a path as [`unprefixed`] returns it.
///
/// # Errors
/// [`NoRoute`] says whether the path or only the method is unknown.
pub fn find(method: &Method, path: &str) -> Result<Match, NoRoute> {
    let mut refusal = NoRoute::Path;
    for &index in of_shape(path) {
        let route = routes()[index];
        let Some(params) = params(route.path, path) else { continue };
        if route.method.as_str() == method.as_str() {
            return Ok(Match { index, params });
        }
        refusal = NoRoute::Method;
    }
    Err(refusal)
}

/// The routes with the path's first segment, and as many: no route begins with a parameter.
fn of_shape(path: &str) -> &'static [usize] {
    static BY_SHAPE: LazyLock<HashMap<&str, HashMap<usize, Vec<usize>>>> = LazyLock::new(|| {
        let mut by_shape: HashMap<_, HashMap<_, Vec<_>>> = HashMap::new();
        for (index, route) in routes().iter().enumerate() {
            let (first, segments) = shape(route.path);
            by_shape.entry(first).or_default().entry(segments).or_default().push(index);
        }
        by_shape
    });
    let (first, segments) = shape(path);
    BY_SHAPE.get(first).and_then(|by_segments| by_segments.get(&segments)).map_or(&[], Vec::as_slice)
}

/// The first segment of a path, and how many there are.
fn shape(path: &str) -> (&str, usize) {
    (path.split('/').nth(1).unwrap_or_default(), path.split('/').count())
}

/// Takes the version off a request path, query already gone; `None` if it is not of version 1.
///
/// `/1.0` and `/v1` are the same API. The npm client `ovh` 2.0.3 sends both, one after the other, and finds nothing.
pub fn unprefixed(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/1.0").or_else(|| path.strip_prefix("/v1"))?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_finds_its_route_and_parameters() {
        for (method, path, route, params) in [
            (Method::GET, "/auth/time", "GET /auth/time", vec![]),
            (Method::GET, "/me", "GET /me", vec![]),
            (Method::POST, "/service/12345/renew", "POST /service/{serviceId}/renew", vec![("serviceId", "12345")]),
            (
                Method::GET,
                "/hosting/web/a.ovh/serviceInfos",
                "GET /hosting/web/{serviceName}/serviceInfos",
                vec![("serviceName", "a.ovh")],
            ),
            (Method::GET, "/vps/a%2Fb%20%C3%A9", "GET /vps/{serviceName}", vec![("serviceName", "a/b é")]),
            (
                Method::GET,
                "/me/order/7/details/8/extension",
                "GET /me/order/{orderId}/details/{orderDetailId}/extension",
                vec![("orderId", "7"), ("orderDetailId", "8")],
            ),
            (
                Method::POST,
                "/services/1/terminate/confirm",
                "POST /services/{serviceId}/terminate/confirm",
                vec![("serviceId", "1")],
            ),
        ] {
            let found = find(&method, path).unwrap();
            let Route { method: found_method, path: found_path } = routes()[found.index];
            assert_eq!(format!("{} {found_path}", found_method.as_str()), route, "{method} {path}");
            for (name, value) in params {
                assert_eq!(found.params.get(name), Some(value), "{method} {path}");
            }
        }
        let params = find(&Method::GET, "/me/bill/FR1/details/2").unwrap().params;
        assert_eq!((params.get("billId"), params.get("billDetailId"), params.get("x")), (Some("FR1"), Some("2"), None));
    }

    #[test]
    fn an_unknown_path_is_not_an_unknown_method() {
        for (method, path, refusal) in [
            (Method::DELETE, "/me", NoRoute::Method),
            (Method::PATCH, "/vps/x", NoRoute::Method),
            (Method::PUT, "/domain/example.ovh", NoRoute::Method),
            (Method::GET, "/nothing", NoRoute::Path),
            (Method::GET, "", NoRoute::Path),
            (Method::GET, "/", NoRoute::Path),
            (Method::GET, "/vps/", NoRoute::Path),
            (Method::GET, "/vps/x/", NoRoute::Path),
            (Method::GET, "/vps//serviceInfos", NoRoute::Path),
            (Method::GET, "me", NoRoute::Path),
            (Method::GET, "/services/1/renew", NoRoute::Path),
        ] {
            assert_eq!(find(&method, path), Err(refusal), "{method} {path}");
        }
    }

    #[test]
    fn no_path_has_two_routes() {
        for (index, route) in routes().iter().enumerate() {
            let example = route.path.replace(['{', '}'], "");
            let method: Method = route.method.as_str().parse().unwrap();
            assert_eq!(find(&method, &example).unwrap().index, index, "{route:?}");
            assert_eq!(routes().iter().filter(|other| *other == route).count(), 1, "{route:?}");
        }
        assert_eq!(routes().len(), 98);
    }

    #[test]
    fn the_version_is_taken_off() {
        for (path, rest) in [
            ("/1.0/me", Some("/me")),
            ("/v1/me", Some("/me")),
            ("/1.0/v1/me", Some("/v1/me")),
            ("/1.0/", Some("/")),
            ("/v1", Some("")),
            ("/v2/me", None),
            ("/v10/me", None),
            ("/1.00/me", None),
            ("/me", None),
        ] {
            assert_eq!(unprefixed(path), rest, "{path}");
        }
    }
}
