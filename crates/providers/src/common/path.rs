//! Paths with parameters.

use percent_encoding::percent_decode_str;

/// The parameters of a path, percent-decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(&'static str, String)>);

impl Params {
    /// Returns a parameter by its name in the path; `None` if the path has no such parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// Why no route takes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoute {
    /// There is no such path.
    Path,
    /// The path is there, but not with this method.
    Method,
}

/// Reads the parameters of a path, if it is of the form of the template: `/service/{serviceId}/renew`.
pub fn params(template: &'static str, path: &str) -> Option<Params> {
    let mut params = Vec::new();
    let mut segments = path.split('/');
    for wanted in template.split('/') {
        let segment = segments.next()?;
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !segment.is_empty() => params.push((name, segment)),
            None if segment == wanted => {}
            _ => return None,
        }
    }
    if segments.next().is_some() {
        return None;
    }
    let decoded = |segment| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    Some(Params(params.into_iter().map(|(name, segment)| (name, decoded(segment))).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gives_its_parameters_where_it_has_the_form() {
        let read = |path| params("/servers/{id}/addons/{addon}", path);
        let found = read("/servers/29%2F04/addons/7").expect("has the form");
        assert_eq!((found.get("id"), found.get("addon"), found.get("x")), (Some("29/04"), Some("7"), None));
        for path in ["/servers/1/addons", "/servers/1/addons/", "/servers//addons/1", "/servers/1/addons/2/3", "", "/"]
        {
            assert_eq!(read(path), None, "{path}");
        }
    }
}
