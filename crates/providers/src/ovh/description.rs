//! The API's description of itself, in the form of the early Swagger drafts: `GET /1.0/service.json` and its sisters.
//!
//! The facts are in `description.json`, in a shorthand: `T[]` is an array, a trailing `?` marks what can be null, ` rw`
//! a property that can be written, ` required` a field that a body must have. This module writes them out in full.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use serde::{Deserialize, Serialize};

use super::{routes::Route, wire::auth::HttpMethod};

/// Returns the names of the sections: `auth`, `hosting/web` and so on.
pub fn sections() -> impl Iterator<Item = &'static str> {
    SOURCE.sections.keys().copied()
}

/// Describes a section as it is served under a base such as `https://eu.api.ovh.com/1.0`; `None` if there is no such
/// section.
pub fn describe<'a>(section: &str, base_path: &'a str) -> Option<Document<'a>> {
    let (section, paths) = SOURCE.sections.get_key_value(section)?;
    let mut reached = BTreeSet::new();
    for operation in paths.values().flat_map(|path| path.operations.values()) {
        operation.types().for_each(|shorthand| SOURCE.reach(shorthand, &mut reached));
    }
    Some(Document {
        api_version: "1.0",
        resource_path: format!("/{section}"),
        base_path,
        apis: paths.iter().map(|(path, source)| Api::new(path, source)).collect(),
        models: reached.into_iter().map(|name| (name, Model::new(name, &SOURCE.models[name]))).collect(),
    })
}

/// Returns every method and path described.
pub(super) fn routes() -> impl Iterator<Item = Route> {
    SOURCE
        .sections
        .values()
        .flatten()
        .flat_map(|(&path, source)| source.operations.keys().map(move |&method| Route { method, path }))
}

static SOURCE: LazyLock<Source<'static>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("description.json")).expect("the file is part of the program, and tested")
});

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source<'a> {
    /// Types of the path parameters, by name.
    #[serde(borrow)]
    parameters: BTreeMap<&'a str, &'a str>,
    /// Paths by section.
    sections: BTreeMap<&'a str, BTreeMap<&'a str, SourcePath<'a>>>,
    models: BTreeMap<&'a str, SourceModel<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourcePath<'a> {
    about: &'a str,
    #[serde(borrow)]
    operations: BTreeMap<HttpMethod, SourceOperation<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SourceOperation<'a> {
    /// What it does; what the path is about, if nothing is said.
    about: Option<&'a str>,
    #[serde(default)]
    status: Status,
    /// The route to use in place of a deprecated one.
    replacement: Option<&'a str>,
    #[serde(default)]
    no_authentication: bool,
    /// Types of path parameters that are not the usual ones.
    #[serde(borrow, default)]
    path: BTreeMap<&'a str, &'a str>,
    #[serde(borrow, default)]
    query: BTreeMap<&'a str, &'a str>,
    #[serde(borrow)]
    body: Option<SourceBody<'a>>,
    returns: &'a str,
}

impl<'a> SourceOperation<'a> {
    /// Returns every type that the operation takes or gives, in shorthand.
    fn types(&self) -> impl Iterator<Item = &'a str> {
        let body: Vec<&'a str> = match &self.body {
            None => Vec::new(),
            Some(SourceBody::Model(model)) => vec![model],
            Some(SourceBody::Fields(fields)) => fields.values().copied().collect(),
        };
        self.query.values().copied().chain(body).chain([self.returns])
    }
}

#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    #[default]
    Production,
    Beta,
    Deprecated,
}

/// A body is a model as a whole, or has parameters of its own.
#[derive(Deserialize)]
#[serde(untagged)]
enum SourceBody<'a> {
    Model(&'a str),
    #[serde(borrow)]
    Fields(BTreeMap<&'a str, &'a str>),
}

/// A model has properties, or is an enumeration of words.
#[derive(Deserialize)]
#[serde(untagged)]
enum SourceModel<'a> {
    #[serde(borrow)]
    Properties(BTreeMap<&'a str, &'a str>),
    Words(Vec<&'a str>),
}

impl Source<'static> {
    /// Adds the model that a type names, and all those that it leads to.
    fn reach(&self, shorthand: &'static str, reached: &mut BTreeSet<&'static str>) {
        let name = Shorthand::parse(shorthand).element();
        let Some(model) = self.models.get(name) else { return };
        if let (true, SourceModel::Properties(properties)) = (reached.insert(name), model) {
            for shorthand in properties.values() {
                self.reach(shorthand, reached);
            }
        }
    }
}

/// A type of the file, taken apart.
struct Shorthand<'a> {
    /// The type itself, `[]` included.
    name: &'a str,
    nullable: bool,
    writable: bool,
    required: bool,
}

impl<'a> Shorthand<'a> {
    fn parse(text: &'a str) -> Self {
        let strip = |text: &'a str, mark| text.strip_suffix(mark).map_or((text, false), |rest| (rest, true));
        let (text, required) = strip(text, " required");
        let (text, writable) = strip(text, " rw");
        let (name, nullable) = strip(text, "?");
        Self { name, nullable, writable, required }
    }

    fn element(&self) -> &'a str {
        self.name.trim_end_matches("[]")
    }
}

/// The description of a section.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    api_version: &'static str,
    resource_path: String,
    base_path: &'a str,
    apis: Vec<Api>,
    models: BTreeMap<&'static str, Model>,
}

#[derive(Serialize)]
struct Api {
    path: &'static str,
    description: &'static str,
    operations: Vec<Operation>,
}

impl Api {
    fn new(path: &'static str, source: &'static SourcePath<'static>) -> Self {
        let operations = source
            .operations
            .iter()
            .map(|(method, operation)| Operation {
                http_method: *method,
                description: operation.about.unwrap_or(source.about),
                api_status: ApiStatus::new(operation),
                parameters: Parameter::all(path, operation),
                response_type: operation.returns,
                no_authentication: operation.no_authentication,
            })
            .collect();
        Self { path, description: source.about, operations }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    http_method: HttpMethod,
    description: &'static str,
    api_status: ApiStatus,
    parameters: Vec<Parameter>,
    response_type: &'static str,
    no_authentication: bool,
}

#[derive(Serialize)]
struct ApiStatus {
    value: Status,
    description: String,
}

impl ApiStatus {
    fn new(operation: &SourceOperation<'_>) -> Self {
        let description = match (operation.status, operation.replacement) {
            (Status::Production, _) => "Stable".to_owned(),
            (Status::Beta, _) => "May change".to_owned(),
            (Status::Deprecated, None) => "Going away".to_owned(),
            (Status::Deprecated, Some(route)) => format!("Going away, use {route}"),
        };
        Self { value: operation.status, description }
    }
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum ParamType {
    Path,
    Query,
    Body,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Parameter {
    /// `None` of a body that is a model as a whole.
    name: Option<&'static str>,
    data_type: &'static str,
    full_type: &'static str,
    param_type: ParamType,
    required: bool,
    description: &'static str,
}

impl Parameter {
    fn new(name: Option<&'static str>, shorthand: &'static str, param_type: ParamType) -> Self {
        let Shorthand { name: data_type, required, .. } = Shorthand::parse(shorthand);
        // What stands in the path, and a body as a whole, cannot be left out.
        let required = required || name.is_none() || matches!(param_type, ParamType::Path);
        Self { name, data_type, full_type: data_type, param_type, required, description: "" }
    }

    /// Returns the parameters of an operation: of its path, its query, its body.
    fn all(path: &'static str, operation: &'static SourceOperation<'static>) -> Vec<Self> {
        let in_path = path.split(['{', '}']).skip(1).step_by(2).map(|name| {
            let shorthand = operation.path.get(name).unwrap_or_else(|| &SOURCE.parameters[name]);
            Self::new(Some(name), shorthand, ParamType::Path)
        });
        let named = |fields: &'static BTreeMap<&'static str, &'static str>, param_type| {
            fields.iter().map(move |(name, shorthand)| Self::new(Some(name), shorthand, param_type))
        };
        let mut parameters: Vec<Self> = in_path.chain(named(&operation.query, ParamType::Query)).collect();
        match &operation.body {
            None => {}
            Some(SourceBody::Model(model)) => parameters.push(Self::new(None, model, ParamType::Body)),
            Some(SourceBody::Fields(fields)) => parameters.extend(named(fields, ParamType::Body)),
        }
        parameters
    }
}

#[derive(Serialize)]
struct Model {
    id: &'static str,
    namespace: &'static str,
    description: &'static str,
    #[serde(flatten)]
    shape: Shape,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", untagged)]
enum Shape {
    Properties { properties: BTreeMap<&'static str, Property> },
    Enumeration { r#enum: &'static [&'static str], enum_type: &'static str },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Property {
    r#type: &'static str,
    full_type: &'static str,
    can_be_null: bool,
    read_only: bool,
    /// Never set by the official schemas.
    required: bool,
    description: &'static str,
}

impl Model {
    fn new(name: &'static str, source: &'static SourceModel<'static>) -> Self {
        let (namespace, id) = name.rsplit_once('.').unwrap_or(("", name));
        let shape = match source {
            SourceModel::Words(words) => Shape::Enumeration { r#enum: words, enum_type: "string" },
            SourceModel::Properties(properties) => Shape::Properties { properties: Property::all(properties) },
        };
        Self { id, namespace, description: "", shape }
    }
}

impl Property {
    fn all(source: &BTreeMap<&'static str, &'static str>) -> BTreeMap<&'static str, Self> {
        let parsed: Vec<_> = source.iter().map(|(name, shorthand)| (*name, Shorthand::parse(shorthand))).collect();
        // Where something can be written the rest is read-only; a model without marks is plain.
        let has_marks = parsed.iter().any(|(_, shorthand)| shorthand.writable);
        let property = |shorthand: Shorthand<'static>| Self {
            r#type: shorthand.name,
            full_type: shorthand.name,
            can_be_null: shorthand.nullable,
            read_only: has_marks && !shorthand.writable,
            required: false,
            description: "",
        };
        parsed.into_iter().map(|(name, shorthand)| (name, property(shorthand))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const BASE: &str = "https://eu.api.ovh.com/1.0";
    const SCALARS: [&str; 14] = [
        "boolean", "date", "datetime", "double", "duration", "ipBlock", "ipv4", "ipv6", "long", "object", "password",
        "string", "uuid", "void",
    ];

    fn described(section: &str) -> Value {
        serde_json::to_value(describe(section, BASE).unwrap()).unwrap()
    }

    #[test]
    fn a_section_is_described_in_the_old_form() {
        let service = described("service");
        let operation = |path: &str, method: &str| {
            let api = service["apis"].as_array().unwrap().iter().find(|api| api["path"] == path).unwrap();
            let operations = api["operations"].as_array().unwrap();
            operations.iter().find(|operation| operation["httpMethod"] == method).unwrap().clone()
        };
        assert_eq!((&service["apiVersion"], &service["basePath"]), (&json!("1.0"), &json!(BASE)));
        assert_eq!(service["resourcePath"], "/service");
        let long = |name, param_type, required| {
            json!({"name": name, "dataType": "long", "fullType": "long", "paramType": param_type, "required": required,
                "description": ""})
        };
        assert_eq!(
            operation("/service/{serviceId}", "PUT"),
            json!({"httpMethod": "PUT", "description": "Change the display name", "responseType": "void",
                "apiStatus": {"value": "BETA", "description": "May change"}, "noAuthentication": false,
                "parameters": [long("serviceId", "path", true), {"name": null, "dataType": "serviceList.Service",
                    "fullType": "serviceList.Service", "paramType": "body", "required": true, "description": ""}]})
        );
        let renew = &operation("/service/{serviceId}/renew", "POST")["parameters"];
        let summary: Vec<_> = renew
            .as_array()
            .unwrap()
            .iter()
            .map(|param| {
                format!("{} {} {} {}", param["name"], param["dataType"], param["paramType"], param["required"])
            })
            .collect();
        assert_eq!(
            summary,
            [
                r#""serviceId" "string" "path" true"#,
                r#""dryRun" "boolean" "body" false"#,
                r#""duration" "duration" "body" true"#,
                r#""services" "long[]" "body" true"#,
            ]
        );
    }

    #[test]
    fn models_are_written_out() {
        let models = &described("service")["models"];
        assert_eq!(
            models["service.renew.Interval"],
            json!({"id": "Interval", "namespace": "service.renew", "description": "", "enumType": "string",
                "enum": ["P1M", "P1Y", "P2Y", "P3M", "P3Y", "P6M"]})
        );
        let properties = &models["serviceList.Service"]["properties"];
        let property = |r#type, nullable, read_only| {
            json!({"type": r#type, "fullType": r#type, "canBeNull": nullable, "readOnly": read_only, "required": false,
                "description": ""})
        };
        assert_eq!(properties["expirationDate"], property("date", true, true));
        assert_eq!(properties["resource"], property("service.Resource", false, false));
        assert_eq!(models["order.Price"]["properties"]["priceInUcents"], property("long", true, false));
        assert!(models.get("vps.Model").is_none());
    }

    #[test]
    fn every_type_is_a_scalar_or_a_model_of_the_section() {
        let mut described_models = BTreeSet::new();
        for section in sections() {
            let document = described(section);
            let models = document["models"].as_object().unwrap();
            let known = |name: &Value| {
                let name = name.as_str().unwrap().trim_end_matches("[]");
                assert!(SCALARS.contains(&name) || models.contains_key(name), "{section}: {name}");
            };
            for api in document["apis"].as_array().unwrap() {
                for operation in api["operations"].as_array().unwrap() {
                    known(&operation["responseType"]);
                    operation["parameters"].as_array().unwrap().iter().for_each(|param| known(&param["dataType"]));
                }
            }
            for model in models.values() {
                let properties = model.get("properties").and_then(Value::as_object).into_iter().flatten();
                properties.for_each(|(_, property)| known(&property["type"]));
            }
            described_models.extend(models.keys().cloned());
        }
        assert!(SOURCE.models.keys().all(|name| described_models.contains(*name)));
    }

    #[test]
    fn there_are_seven_sections_and_no_other() {
        let names: Vec<_> = sections().collect();
        assert_eq!(names, ["auth", "domain", "hosting/web", "me", "service", "services", "vps"]);
        assert!(describe("dedicated/server", BASE).is_none());
    }
}
