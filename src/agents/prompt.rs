//! Prompts: ready-made tasks that a person starts by name.

use rmcp::model::JsonObject;

use super::tool::Header;

/// A prompt, by its file: comments with its title, the tools that it uses, and its description; then lines
/// `argument name: description`, a blank line, and the text with `{name}` where an argument is put in.
#[derive(Debug)]
pub(super) struct Prompt {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) description: String,
    /// The names of the tools that it uses: callers without one of them don't get the prompt.
    pub(super) tools: Vec<String>,
    /// Names and descriptions of its arguments, all of which are required.
    pub(super) arguments: Vec<(String, String)>,
    text: String,
}

impl Prompt {
    /// Reads a prompt from its file.
    ///
    /// # Errors
    /// What is wrong with the file, in one line.
    pub(super) fn read(name: &str, text: &str) -> Result<Self, String> {
        let Header { title, needs: tools, description } = Header::read(text)?;
        let mut lines = text.lines().skip_while(|line| line.starts_with('#'));
        let arguments = lines.by_ref().take_while(|line| !line.is_empty()).map(|line| {
            let argument = line.strip_prefix("argument ").and_then(|line| line.split_once(": "));
            let (name, about) = argument.ok_or_else(|| format!("this is no argument: {line}"))?;
            Ok((name.to_owned(), about.to_owned()))
        });
        let arguments = arguments.collect::<Result<_, String>>()?;
        let text = lines.collect::<Vec<_>>().join("\n");
        Ok(Self { name: name.to_owned(), title, description, tools, arguments, text })
    }

    /// The text with its arguments.
    ///
    /// # Errors
    /// An argument that is missing.
    pub(super) fn fill(&self, arguments: &JsonObject) -> Result<String, String> {
        let mut text = self.text.clone();
        for (name, _) in &self.arguments {
            let value = arguments.get(name).and_then(serde_json::Value::as_str);
            let value =
                value.ok_or_else(|| format!("The prompt {} needs the argument {name:?}.", self.name))?;
            text = text.replace(&format!("{{{name}}}"), value);
        }
        Ok(text)
    }
}
