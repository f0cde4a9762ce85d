//! The list of routes as text: what `tests/golden/routes.txt` holds.

use std::fmt::Write as _;

use placet_web::face::{Audience, BodyLimit, Route};

use super::table::{Place, Table};

/// Every path with its method, for whom it is, what body it takes, whether pages of other origins may read it, and the
/// section that defines it. Sorted, one route a line.
pub fn list(table: &Table) -> String {
    let mut rows: Vec<[String; 6]> = table
        .places()
        .iter()
        .flat_map(|place| place.routes.iter().map(move |route| row(place, route)))
        .collect();
    rows.sort_by(|a, b| (&a[1], &a[0]).cmp(&(&b[1], &b[0])));
    let head = ["method", "path", "audience", "body", "cross-origin", "spec"];
    rows.insert(0, head.map(str::to_owned));
    let widths: [usize; 6] = std::array::from_fn(|column| {
        let lengths = rows.iter().filter_map(|row| row.get(column));
        lengths.map(String::len).max().unwrap_or(0)
    });
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn row(place: &Place, route: &Route) -> [String; 6] {
    let audience = match route.audience {
        Audience::Public => "public",
        Audience::Client => "client",
        Audience::Redirect => "redirect",
        Audience::Person => "person",
        Audience::Token => "token",
        Audience::ResourceServer => "resource server",
        Audience::IdentityProvider => "identity provider",
        Audience::Operator => "operator",
        Audience::Tenant => "tenant",
    };
    let body = match route.body {
        BodyLimit::Empty => "-",
        BodyLimit::Form => "form",
        BodyLimit::Admin => "document",
    };
    let cross_origin = if route.cross_origin { "yes" } else { "-" };
    let spec = if route.spec.is_empty() {
        "-"
    } else {
        route.spec
    };
    [
        route.method.as_str(),
        &place.pattern,
        audience,
        body,
        cross_origin,
        spec,
    ]
    .map(str::to_owned)
}
