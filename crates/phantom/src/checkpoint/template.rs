//! The chat template: renders the turns of a conversation with the bytes of Gemma's turn format.

/// Jinja text of `chat_template.jinja`. It writes `<bos>`; a system message goes in front of the first user turn;
/// image parts become `<start_of_image>`; text is trimmed; nothing stands between parts.
pub const CHAT_TEMPLATE: &str = r"{%- macro words(content) -%}
    {%- if content is string -%}
        {{- content | trim -}}
    {%- else -%}
        {%- for piece in content -%}
            {%- if piece['type'] == 'text' -%}
                {{- piece['text'] | trim -}}
            {%- elif piece['type'] == 'image' -%}
                {{- '<start_of_image>' -}}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}
{{- bos_token -}}
{%- set state = namespace(preface='', turns=messages) -%}
{%- if messages[0]['role'] == 'system' -%}
    {%- set opening = messages[0]['content'] -%}
    {%- set state.preface = (opening if opening is string else opening[0]['text']) + '\n\n' -%}
    {%- set state.turns = messages[1:] -%}
{%- endif -%}
{%- for message in state.turns -%}
    {%- set expected = 'user' if loop.index0 is even else 'assistant' -%}
    {%- set speaker = 'assistant' if message['role'] == 'model' else message['role'] -%}
    {%- if speaker != expected -%}
        {{- raise_exception('turns must alternate between user and assistant, the user first') -}}
    {%- endif -%}
    {{- '<start_of_turn>' + ('user' if speaker == 'user' else 'model') + '\n' -}}
    {{- state.preface if loop.first else '' -}}
    {{- words(message['content']) -}}
    {{- '<end_of_turn>\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<start_of_turn>model\n' -}}
{%- endif -%}
";

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::{Environment, Error, ErrorKind, context};
    use serde_json::{Value, json};

    fn render(messages: &Value, generation: bool) -> Result<String, Error> {
        let mut environment = Environment::new();
        environment.add_function("raise_exception", |text: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, text))
        });
        environment.add_template("chat", CHAT_TEMPLATE)?;
        let values = context! { bos_token => "<bos>", messages => minijinja::value::Serde(messages), add_generation_prompt => generation };
        environment.get_template("chat")?.render(values)
    }

    #[test]
    fn turns_images_and_the_system_message_render_as_gemma_does() {
        let asked = json!([
            {"role": "system", "content": [{"type": "text", "text": " You read films. "}]},
            {"role": "user", "content": [
                {"type": "text", "text": "  Look. "}, {"type": "image"},
                {"type": "text", "text": "SLICE 1"}, {"type": "text", "text": "\n\nWhat is it?"}]},
            {"role": "assistant", "content": " A nodule.\n"},
            {"role": "user", "content": "Where?"}
        ]);
        assert_eq!(
            render(&asked, true).unwrap(),
            "<bos><start_of_turn>user\n You read films. \n\nLook.<start_of_image>SLICE 1What is it?<end_of_turn>\n\
             <start_of_turn>model\nA nodule.<end_of_turn>\n<start_of_turn>user\nWhere?<end_of_turn>\n\
             <start_of_turn>model\n"
        );
        let plain = json!([{"role": "user", "content": "Hello"}]);
        assert_eq!(
            render(&plain, false).unwrap(),
            "<bos><start_of_turn>user\nHello<end_of_turn>\n"
        );
    }

    #[test]
    fn turns_that_do_not_alternate_are_refused() {
        let twice = json!([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]);
        assert!(render(&twice, true).is_err());
        let model_first = json!([{"role": "assistant", "content": "a"}]);
        assert!(render(&model_first, true).is_err());
    }
}
