//! What AWS says of a stack's parameters, as a template is evaluated with it.
//!
//! Owns which of those values are values. Must not know which stack they are of, nor what is done with them.

use aws_sdk_cloudformation::types::Parameter;

use crate::template::Given;

/// What stands for the value of a parameter with `NoEcho`
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>). A value that
/// happens to be the same cannot be told from it.
const MASK: &str = "****";

/// Adds the parameters of a stack or a change set to what is known of its deployment. One without a value that may be
/// seen stays open. The value of one in the Parameter Store is what that held, for the name alone says nothing.
pub fn add(parameters: &[Parameter], given: &mut Given) {
    for parameter in parameters {
        let Some(name) = parameter.parameter_key() else { continue };
        given.parameters.remove(name);
        given.looked_up.remove(name);
        given.open.remove(name);
        match parameter.parameter_value() {
            Some(value) if value != MASK => {
                given.parameters.insert(name.to_owned(), value.to_owned());
            }
            _ => {
                given.open.insert(name.to_owned());
            }
        }
        if let Some(value) = parameter.resolved_value().filter(|value| *value != MASK) {
            given.looked_up.insert(name.to_owned(), value.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "
Parameters:
  Plain: {Type: String, Default: 'true'}
  Secret: {Type: String, NoEcho: true}
  Stored: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /image}
  Names: {Type: 'AWS::SSM::Parameter::Value<List<String>>'}
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties: {Plain: !Ref Plain, Secret: !Ref Secret, Stored: !Ref Stored, Names: !Join ['+', !Ref Names]}
";

    /// What properties of the template come to with these parameters: `None` is unknown.
    fn evaluated(parameters: &[Parameter]) -> Vec<Option<String>> {
        let mut given = Given { assume_defaults: true, ..Given::default() };
        add(parameters, &mut given);
        let document = crate::check::read_document(TEMPLATE).unwrap();
        let template = crate::template::Template::of(&document.root, &given).unwrap();
        let properties = template.task_definitions[0].properties[0];
        ["Plain", "Secret", "Stored", "Names"].map(|name| template.certain_text(properties, name)).into()
    }

    fn parameter(name: &str, value: Option<&str>, resolved: Option<&str>) -> Parameter {
        Parameter::builder()
            .parameter_key(name)
            .set_parameter_value(value.map(str::to_owned))
            .set_resolved_value(resolved.map(str::to_owned))
            .build()
    }

    #[test]
    fn values_that_are_values_are_known_and_nothing_else() {
        let known = |text: &str| Some(text.to_owned());
        for (of_api, expected) in [
            (
                vec![
                    parameter("Plain", Some("a"), None),
                    parameter("Secret", Some("b"), None),
                    parameter("Stored", Some("/image"), Some("nginx")),
                    parameter("Names", Some("/names"), Some("c,d")),
                ],
                [known("a"), None, known("nginx"), known("c+d")],
            ),
            (
                vec![
                    parameter("Plain", Some("****"), None),
                    parameter("Secret", Some("****"), None),
                    parameter("Stored", Some("/image"), None),
                    parameter("Names", Some("****"), Some("****")),
                ],
                [None, None, None, None],
            ),
            (vec![parameter("Plain", None, None)], [None, None, None, None]),
            // What AWS does not list has the template's default; one in the Parameter Store is still only a name.
            (vec![], [known("true"), None, None, None]),
        ] {
            assert_eq!(evaluated(&of_api), expected, "{of_api:?}");
        }
    }

    #[test]
    fn the_last_word_on_a_parameter_counts() {
        let first = parameter("Plain", Some("a"), None);
        assert_eq!(evaluated(&[first.clone(), parameter("Plain", Some("****"), None)])[0], None);
        assert_eq!(evaluated(&[parameter("Plain", None, None), first])[0].as_deref(), Some("a"));
    }
}
