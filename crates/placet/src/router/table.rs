//! Which route a path names: exactly one spelling each.
//!
//! A path is compared byte for byte with what the server prints itself. Whatever a proxy in front might read
//! differently (percent signs, dot segments, doubled or final slashes, matrix parameters, another case) names nothing
//! and is 404 (threat E6).
//!
//! Spec: RFC 3986 §3.3, RFC 9110 §4.2.3, RFC 8414 §3.1

use std::collections::HashMap;

use http::Method;
use placet_web::face::{Audience, Route, Routes};

/// The routes of one path.
pub struct Place {
    /// The path as declared, with parameters in braces, under the issuer's base; for logs and metrics.
    pub pattern: String,
    /// One route per method.
    pub routes: Vec<Route>,
    /// The methods, for `Allow` (RFC 9110 §15.5.6).
    pub allow: String,
}

impl Place {
    /// The route for a method. GET answers HEAD, except where a visit opens a request: previews and scanners that only look
    /// at an address shall open none.
    pub(super) fn route_for(&self, method: &Method) -> Option<&Route> {
        let by = |wanted: &Method| self.routes.iter().find(|route| route.method == wanted);
        if method == Method::HEAD {
            return by(&Method::GET).filter(|route| answers_head(route));
        }
        by(method)
    }

    /// For whom the path is, when asked by this method.
    pub(super) fn audience(&self, method: &Method) -> Option<Audience> {
        let route = self.route_for(method).or(self.routes.first());
        route.map(|route| route.audience)
    }

    /// Whether pages of other origins may read what this method is answered.
    pub(super) fn is_for_any_origin(&self, method: &Method) -> bool {
        match self.route_for(method) {
            Some(route) => route.cross_origin,
            None => self.routes.iter().any(|route| route.cross_origin),
        }
    }
}

fn answers_head(get: &Route) -> bool {
    get.audience != Audience::Redirect
}

/// All paths.
pub struct Table {
    places: Vec<Place>,
    /// Paths without parameters.
    literal: HashMap<String, usize>,
    /// Paths with parameters, by their segments.
    patterns: Vec<(Vec<Segment>, usize)>,
}

enum Segment {
    Literal(String),
    Parameter,
}

/// Two routes that claim the same path and method.
#[derive(Debug, thiserror::Error)]
#[error("two routes are {method} {path}")]
pub struct Clash {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
}

impl Table {
    /// Mounts routes under an issuer's path, which is empty at the root.
    ///
    /// # Errors
    /// [`Clash`] when two routes claim the same path and method.
    pub fn new(base_path: &str, routes: Routes) -> Result<Self, Clash> {
        let mut table = Self {
            places: Vec::new(),
            literal: HashMap::new(),
            patterns: Vec::new(),
        };
        for route in routes {
            table.mount(base_path, route)?;
        }
        for place in &mut table.places {
            place.allow = allow(&place.routes);
        }
        Ok(table)
    }

    fn mount(&mut self, base_path: &str, route: Route) -> Result<(), Clash> {
        let pattern = if route.at_origin {
            route.path.to_owned()
        } else if route.at_root {
            format!("{}{base_path}", route.path)
        } else {
            format!("{base_path}{}", route.path)
        };
        let known = self
            .places
            .iter_mut()
            .find(|place| place.pattern == pattern);
        if let Some(place) = known {
            if place.routes.iter().any(|one| one.method == route.method) {
                return Err(Clash {
                    method: route.method,
                    path: pattern,
                });
            }
            place.routes.push(route);
            return Ok(());
        }
        let index = self.places.len();
        if pattern.contains('{') {
            self.patterns.push((segments(&pattern), index));
        } else {
            self.literal.insert(pattern.clone(), index);
        }
        self.places.push(Place {
            pattern,
            routes: vec![route],
            allow: String::new(),
        });
        Ok(())
    }

    /// Finds what a raw path names, and the values of its parameters in order.
    pub fn find(&self, path: &str) -> Option<(&Place, Vec<String>)> {
        if let Some(index) = self.literal.get(path) {
            return Some((self.places.get(*index)?, Vec::new()));
        }
        self.patterns.iter().find_map(|(pattern, index)| {
            let values = matched(pattern, path)?;
            Some((self.places.get(*index)?, values))
        })
    }

    /// All paths, in the order they were mounted.
    pub fn places(&self) -> &[Place] {
        &self.places
    }
}

fn segments(pattern: &str) -> Vec<Segment> {
    let segment = |text: &str| {
        if text.starts_with('{') {
            Segment::Parameter
        } else {
            Segment::Literal(text.to_owned())
        }
    };
    pattern.split('/').map(segment).collect()
}

fn matched(pattern: &[Segment], path: &str) -> Option<Vec<String>> {
    let mut values = Vec::new();
    let mut rest = path.split('/');
    for segment in pattern {
        let text = rest.next()?;
        match segment {
            Segment::Literal(literal) if literal == text => {}
            Segment::Parameter if is_plain(text) => values.push(text.to_owned()),
            Segment::Literal(_) | Segment::Parameter => return None,
        }
    }
    rest.next().is_none().then_some(values)
}

/// Whether a segment is of unreserved characters alone and no dot segment (RFC 3986 §2.3, §3.3): such a text has one
/// spelling.
fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !text.is_empty() && text != "." && text != ".." && text.bytes().all(plain)
}

fn allow(routes: &[Route]) -> String {
    let mut methods: Vec<&str> = routes.iter().map(|route| route.method.as_str()).collect();
    let get = routes.iter().find(|route| route.method == Method::GET);
    if get.is_some_and(answers_head) {
        methods.push("HEAD");
    }
    if routes.iter().any(|route| route.cross_origin) {
        methods.push("OPTIONS");
    }
    methods.sort_unstable();
    methods.dedup();
    methods.join(", ")
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use placet_web::reply::Reply;

    use super::*;

    fn route(path: &'static str) -> Route {
        Route::get(path, Audience::Public, "", |_| async {
            Reply::empty(StatusCode::OK)
        })
    }

    #[test]
    fn e6_one_spelling_names_a_path() {
        let routes = vec![
            route("/token"),
            route("/interaction/{id}"),
            route("/interaction/{id}/decision"),
            route("/.well-known/oauth-authorization-server").at_root(),
            route("/.well-known/gnap-as-rs").at_origin(),
        ];
        let table = Table::new("/tenant", routes).unwrap();
        for (path, want) in [
            ("/tenant/token", Some(vec![])),
            ("/tenant/interaction/pr_1", Some(vec!["pr_1"])),
            ("/tenant/interaction/pr_1/decision", Some(vec!["pr_1"])),
            (
                "/.well-known/oauth-authorization-server/tenant",
                Some(vec![]),
            ),
            ("/tenant/.well-known/oauth-authorization-server", None),
            ("/.well-known/gnap-as-rs", Some(vec![])),
            ("/.well-known/gnap-as-rs/tenant", None),
            ("/token", None),
            ("/tenant/token/", None),
            ("/tenant//token", None),
            ("/tenant/./token", None),
            ("/tenant/%74oken", None),
            ("/tenant/token;a=b", None),
            ("/tenant/Token", None),
            ("/tenant/interaction/..", None),
            ("/tenant/interaction/.", None),
            ("/tenant/interaction/", None),
            ("/tenant/interaction/a%2fdecision", None),
            ("/tenant/interaction/a;b", None),
            ("/tenant/interaction/a/decision/", None),
            ("tenant/token", None),
            ("*", None),
            ("", None),
        ] {
            let found = table.find(path).map(|(_, values)| values);
            let want = want.map(|values| values.into_iter().map(str::to_owned).collect());
            assert_eq!(found, want, "{path}");
        }
    }

    #[test]
    fn a_path_and_method_are_claimed_once() {
        assert!(Table::new("", vec![route("/a"), route("/a")]).is_err());
    }
}
