//! The attributes that a document declares, for a kind or for every kind.

use toml::Spanned;

use super::reader::{NUMBER_MAX, Reader};
use super::{RawAttribute, RawCommonAttribute};
use crate::program::edition::EditionError;
use crate::program::edition::literal::RawType;
use crate::program::rule::{Attribute, AttributeType, NOTE};

/// Maximum length of a name, in characters.
const NAME_CHARS_MAX: usize = 64;

impl Reader<'_> {
    /// The attributes of a rule: its own, and the common ones that it does not declare differently.
    pub(super) fn attributes(
        &self,
        raw: &[RawAttribute],
        common: &[Attribute],
    ) -> Result<Vec<Attribute>, EditionError> {
        let mut attributes: Vec<Attribute> = Vec::with_capacity(raw.len() + common.len());
        for attribute in raw {
            let RawAttribute { must_be, one_of, min, max, .. } = attribute;
            let value_type = match (attribute.r#type, must_be, one_of, min, max) {
                (RawType::Boolean, must_be, None, None, None) => AttributeType::Boolean { must_be: *must_be },
                (RawType::Text, None, one_of, None, None) => {
                    AttributeType::Text { one_of: one_of.clone().unwrap_or_default() }
                }
                (RawType::Date, None, None, None, None) => AttributeType::Date,
                (RawType::Integer, None, None, min, max) => {
                    if let Some(bound) = min.iter().chain(max).find(|bound| bound.abs() > NUMBER_MAX) {
                        let message = format!("a bound is -{NUMBER_MAX} to {NUMBER_MAX}, not {bound}");
                        return self.refuse(attribute.name.span(), message);
                    }
                    if let (Some(min), Some(max)) = (min, max)
                        && min > max
                    {
                        let message = format!("`min` {min} is above `max` {max}");
                        return self.refuse(attribute.name.span(), message);
                    }
                    AttributeType::Integer { min: *min, max: *max }
                }
                _ => {
                    let message = "`must_be` goes with type \"boolean\", `one_of` with \"text\", `min` and `max` with \"integer\"";
                    return self.refuse(attribute.name.span(), message);
                }
            };
            attributes.push(Attribute {
                name: self.attribute_name(&attribute.name, &attributes)?,
                is_common: false,
                value_type,
                optional: attribute.optional,
                otherwise: attribute.otherwise.clone(),
            });
        }
        let declared = attributes.len();
        for one in common {
            if attributes[..declared].iter().all(|own| own.name != one.name) {
                attributes.push(one.clone());
            }
        }
        Ok(attributes)
    }

    /// The attributes that every kind accepts, the free one last.
    pub(super) fn common_attributes(
        &self,
        raw: &[RawCommonAttribute],
    ) -> Result<Vec<Attribute>, EditionError> {
        let mut attributes: Vec<Attribute> = Vec::with_capacity(raw.len() + 1);
        for attribute in raw {
            let value_type = match (attribute.r#type, &attribute.one_of) {
                (RawType::Text, one_of) => AttributeType::Text { one_of: one_of.clone().unwrap_or_default() },
                (RawType::Boolean, None) => AttributeType::Boolean { must_be: None },
                (RawType::Date, None) => AttributeType::Date,
                (RawType::Integer, None) => AttributeType::Integer { min: None, max: None },
                _ => return self.refuse(attribute.name.span(), "`one_of` goes with type \"text\""),
            };
            let name = self.attribute_name(&attribute.name, &attributes)?;
            attributes.push(common_attribute(name, value_type));
        }
        if attributes.iter().all(|attribute| attribute.name != NOTE) {
            attributes.push(common_attribute(NOTE.to_owned(), AttributeType::Text { one_of: Vec::new() }));
        }
        Ok(attributes)
    }

    /// A name that can be a column of a file, and that no attribute before it has.
    fn attribute_name(&self, name: &Spanned<String>, before: &[Attribute]) -> Result<String, EditionError> {
        let text = name.get_ref();
        let shape = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
        if !starts || text.len() > NAME_CHARS_MAX || !text.chars().all(shape) {
            let message = format!(
                "`{text}` is not the name of an attribute: use a letter, then up to {} letters, digits and _",
                NAME_CHARS_MAX - 1
            );
            return self.refuse(name.span(), message);
        }
        if before.iter().any(|other| other.name == *text) {
            return self.refuse(name.span(), format!("attribute {text} stands twice"));
        }
        Ok(text.clone())
    }
}

fn common_attribute(name: String, value_type: AttributeType) -> Attribute {
    Attribute { name, is_common: true, value_type, optional: true, otherwise: None }
}
