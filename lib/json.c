/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "json.h"

#include <ctype.h>
#include <string.h>

#include "whole_file.h"

static inline void
cleanup_tokener (json_tokener **tokener)
{
  if (*tokener != NULL)
    json_tokener_free (*tokener);
}

#define _cleanup_tokener_ VTPM_CLEANUP (cleanup_tokener)

static int
set_syntax_error (const char *text, size_t offset, const char *what, const char *reason,
                  struct vtpm_error **error)
{
  size_t line = 1, column = 1;

  for (size_t i = 0; i < offset; i++)
    {
      column = text[i] == '\n' ? 1 : column + 1;
      line += text[i] == '\n';
    }
  return vtpm_error_set_plain (error, EINVAL, "%s: line %zu, column %zu: %s", what, line, column,
                               reason);
}

int
vtpm_json_parse (const char *text, size_t length, const char *what, json_object **object,
                 struct vtpm_error **error)
{
  _cleanup_tokener_ json_tokener *tokener = json_tokener_new ();
  _cleanup_json_ json_object *parsed = NULL;
  size_t end;

  if (tokener == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", what);
  json_tokener_set_flags (tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8
                                       | JSON_TOKENER_ALLOW_TRAILING_CHARS);
  parsed = json_tokener_parse_ex (tokener, text, (int) length);
  end = json_tokener_get_parse_end (tokener);
  if (parsed == NULL)
    {
      enum json_tokener_error reason = json_tokener_get_error (tokener);

      if (reason == json_tokener_continue)
        return set_syntax_error (text, end, what, "the text ends too early", error);
      if (reason != json_tokener_success)
        return set_syntax_error (text, end, what, json_tokener_error_desc (reason), error);
    }
  while (end < length && isspace ((unsigned char) text[end]))
    end++;
  if (end != length)
    return set_syntax_error (text, end, what, "text after the end of the JSON value", error);
  if (!json_object_is_type (parsed, json_type_object))
    return vtpm_error_set_plain (error, EINVAL, "%s: not a JSON object", what);
  *object = vtpm_steal_pointer (&parsed);
  return 0;
}

int
vtpm_json_read_fd (int fd, size_t limit, const char *what, json_object **object,
                   struct vtpm_error **error)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes text = { 0 };

  if (vtpm_whole_file_read (fd, limit, what, &text, error) < 0)
    return -1;
  if (text.size == 0)
    return vtpm_error_set_plain (error, EINVAL, "%s is empty", what);
  return vtpm_json_parse ((const char *) text.data, text.size, what, object, error);
}

/* Returns 1 with *VALUE, 0 when KEY is absent and need not be there.  */
static int
look_up (json_object *object, const char *what, const char *key, bool required,
         enum json_type type, json_object **value, struct vtpm_error **error)
{
  if (!json_object_object_get_ex (object, key, value))
    return required ? vtpm_error_set_plain (error, ENOENT, "%s: \"%s\" is missing", what, key) : 0;
  if (!json_object_is_type (*value, type))
    return vtpm_error_set_plain (error, EINVAL, "%s: \"%s\" is of type %s, not %s", what, key,
                                 json_type_to_name (json_object_get_type (*value)),
                                 json_type_to_name (type));
  return 1;
}

int
vtpm_json_get_string (json_object *object, const char *what, const char *key, bool required,
                      const char **value, struct vtpm_error **error)
{
  json_object *found;
  int result = look_up (object, what, key, required, json_type_string, &found, error);

  if (result <= 0)
    return result;
  if (strlen (json_object_get_string (found)) != (size_t) json_object_get_string_len (found))
    return vtpm_error_set_plain (error, EINVAL, "%s: \"%s\" contains a NUL byte", what, key);
  *value = json_object_get_string (found);
  return 0;
}

int
vtpm_json_get_integer (json_object *object, const char *what, const char *key, bool required,
                       int64_t minimum, int64_t maximum, int64_t *value, struct vtpm_error **error)
{
  json_object *found;
  int64_t number;
  int result = look_up (object, what, key, required, json_type_int, &found, error);

  if (result <= 0)
    return result;
  number = json_object_get_int64 (found);
  if (number < minimum || number > maximum)
    return vtpm_error_set_plain (error, ERANGE, "%s: \"%s\" is %lld, not between %lld and %lld",
                                 what, key, (long long) number, (long long) minimum,
                                 (long long) maximum);
  *value = number;
  return 0;
}

int
vtpm_json_get_boolean (json_object *object, const char *what, const char *key, bool required,
                       bool *value, struct vtpm_error **error)
{
  json_object *found;
  int result = look_up (object, what, key, required, json_type_boolean, &found, error);

  if (result <= 0)
    return result;
  *value = json_object_get_boolean (found);
  return 0;
}

int
vtpm_json_get_object (json_object *object, const char *what, const char *key, bool required,
                      json_object **value, struct vtpm_error **error)
{
  json_object *found;
  int result = look_up (object, what, key, required, json_type_object, &found, error);

  if (result <= 0)
    return result;
  *value = found;
  return 0;
}
