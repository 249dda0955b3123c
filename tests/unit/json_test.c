/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "json.h"

#include "expect_error.h"
#include "temp_dir.h"

static json_object *
parse (const char *text)
{
  json_object *object = NULL;

  assert_success (vtpm_json_parse (text, strlen (text), "document", &object, &error));
  cr_assert_not_null (object);
  return object;
}

Test (json, parses_one_object)
{
  static const char *const texts[] = { "{}", " \n\t{\"a\":1}\r\n ", "{\"a\":{\"b\":[1,null]}}" };

  for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++)
    json_object_put (parse (texts[i]));
}

Test (json, says_what_is_wrong_and_where)
{
  static const struct
  {
    const char *text;
    const char *message;
  } cases[] = {
    { "", "document: line 1, column 1: the text ends too early" },
    { "{", "document: line 1, column 2: the text ends too early" },
    { "{\"a\":", "document: line 1, column 6: the text ends too early" },
    { "{\"a\":\n\"b", "document: line 2, column 3: the text ends too early" },
    { "{}x", "document: line 1, column 3: text after the end" },
    { "{}\n {}", "document: line 2, column 2: text after the end" },
    { "{\n  \"a\": bad\n}", "document: line 2, column 8: " },
    { "{\"a\":1,}", "document: line 1, column 8: " },
    { "{\"a\":01}", "document: line 1, column " },
    { "{\"a\":1}/* comment */", "document: line 1, column 8: " },
    { "{\"a\":\"\xff\xfe\"}", "document: line 1, column 7: " },
    { "nonsense", "document: line 1, column " },
    { "[]", "document: not a JSON object" },
    { "null ", "document: not a JSON object" },
    { "\"text\"", "document: not a JSON object" },
    { "true ", "document: not a JSON object" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      json_object *object = NULL;

      expect_error (
          vtpm_json_parse (cases[i].text, strlen (cases[i].text), "document", &object, &error),
          EINVAL, cases[i].message);
      cr_expect_null (object, "%s", cases[i].text);
    }
}

Test (json, does_not_end_at_a_nul_byte)
{
  static const char *const texts[] = { "{\0}", "{}\0", "{}\0{}", "\0{}", "{\"a\":\"\0\"}" };
  static const size_t lengths[] = { 3, 3, 5, 3, 9 };

  for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++)
    {
      json_object *object = NULL;

      expect_error (vtpm_json_parse (texts[i], lengths[i], "document", &object, &error), EINVAL,
                    "document: line 1, column ");
      cr_expect_null (object, "case %zu", i);
    }
}

Test (json, refuses_deep_nesting)
{
  static char text[200000];
  json_object *object = NULL;

  for (size_t i = 0; i < sizeof (text); i += 5)
    memcpy (text + i, "{\"a\":", 5);
  expect_error (vtpm_json_parse (text, sizeof (text), "document", &object, &error), EINVAL,
                "nesting too deep");
}

/* Reads CONTENT from a file with at most LIMIT bytes.  */
static int
read_back (const void *content, size_t size, size_t limit, json_object **object,
           struct vtpm_error **error)
{
  _cleanup_close_ int fd = -1;

  make_temp_dir ();
  write_temp_file ("file", content, size);
  fd = open (temp_path ("file"), O_RDONLY | O_CLOEXEC);
  remove_temp_dir ();
  return vtpm_json_read_fd (fd, limit, "file", object, error);
}

Test (json, reads_up_to_its_limit)
{
  static char text[100000];
  json_object *object = NULL;

  memset (text, ' ', sizeof (text));
  memcpy (text, "{}", 2);
  assert_success (read_back (text, sizeof (text), sizeof (text), &object, &error));
  json_object_put (object);
  object = NULL;
  expect_error (read_back (text, sizeof (text), sizeof (text) - 1, &object, &error), EFBIG,
                "file is larger than 99999 bytes");
  cr_expect_null (object);
}

/* The limit is what counts, not the end of the file.  */
Test (json, stops_reading_what_never_ends)
{
  _cleanup_close_ int fd = open ("/dev/zero", O_RDONLY | O_CLOEXEC);
  json_object *object = NULL;

  expect_error (vtpm_json_read_fd (fd, 1000, "zeros", &object, &error), EFBIG,
                "zeros is larger than 1000 bytes");
}

Test (json, refuses_an_empty_file)
{
  json_object *object = NULL;

  expect_error (read_back ("", 0, 100, &object, &error), EINVAL, "file is empty");
}

Test (json, reports_what_it_cannot_read)
{
  _cleanup_close_ int fd = open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  json_object *object = NULL;

  expect_error (vtpm_json_read_fd (fd, 100, "root", &object, &error), EISDIR, "cannot read root");
  expect_error (vtpm_json_read_fd (-1, 100, "nothing", &object, &error), EBADF,
                "cannot read nothing");
}

Test (json, gives_values)
{
  _cleanup_json_ json_object *object
      = parse ("{\"s\":\"text\",\"i\":-5,\"b\":true,\"o\":{\"x\":1},\"e\":\"\"}");
  const char *string = NULL;
  int64_t integer = 0;
  bool boolean = false;
  json_object *inner = NULL;

  assert_success (vtpm_json_get_string (object, "d", "s", true, &string, &error));
  cr_expect_str_eq (string, "text");
  assert_success (vtpm_json_get_string (object, "d", "e", true, &string, &error));
  cr_expect_str_eq (string, "");
  assert_success (vtpm_json_get_integer (object, "d", "i", true, -5, -5, &integer, &error));
  cr_expect_eq (integer, -5);
  assert_success (vtpm_json_get_boolean (object, "d", "b", true, &boolean, &error));
  cr_expect (boolean);
  assert_success (vtpm_json_get_object (object, "d", "o", true, &inner, &error));
  cr_expect_eq (json_object_object_length (inner), 1);
}

Test (json, leaves_the_value_when_the_key_is_absent)
{
  _cleanup_json_ json_object *object = parse ("{}");
  const char *string = "before";
  int64_t integer = 42;
  bool boolean = true;
  json_object *inner = object;

  assert_success (vtpm_json_get_string (object, "d", "k", false, &string, &error));
  assert_success (vtpm_json_get_integer (object, "d", "k", false, 0, 1, &integer, &error));
  assert_success (vtpm_json_get_boolean (object, "d", "k", false, &boolean, &error));
  assert_success (vtpm_json_get_object (object, "d", "k", false, &inner, &error));
  cr_expect_str_eq (string, "before");
  cr_expect_eq (integer, 42);
  cr_expect (boolean);
  cr_expect_eq (inner, object);
}

Test (json, misses_a_required_key)
{
  _cleanup_json_ json_object *object = parse ("{\"K\":1}");
  const char *string;
  int64_t integer;
  bool boolean;
  json_object *inner;

  expect_error (vtpm_json_get_string (object, "d", "k", true, &string, &error), ENOENT,
                "d: \"k\" is missing");
  expect_error (vtpm_json_get_integer (object, "d", "k", true, 0, 1, &integer, &error), ENOENT,
                "d: \"k\" is missing");
  expect_error (vtpm_json_get_boolean (object, "d", "k", true, &boolean, &error), ENOENT,
                "d: \"k\" is missing");
  expect_error (vtpm_json_get_object (object, "d", "k", true, &inner, &error), ENOENT,
                "d: \"k\" is missing");
}

/* A wrong type is an error even where the key need not be there.  */
Test (json, refuses_every_wrong_type)
{
  static const char *const values[] = { "null", "true", "1", "1.5", "\"text\"", "[]", "{}" };
  static const char *const types[]
      = { "null", "boolean", "int", "double", "string", "array", "object" };

  for (size_t i = 0; i < sizeof (values) / sizeof (values[0]); i++)
    {
      char text[64], message[64];
      _cleanup_json_ json_object *object = NULL;
      const char *string;
      int64_t integer;
      bool boolean;
      json_object *inner;

      snprintf (text, sizeof (text), "{\"k\":%s}", values[i]);
      snprintf (message, sizeof (message), "d: \"k\" is of type %s, not ", types[i]);
      object = parse (text);
      if (strcmp (types[i], "string") != 0)
        expect_error (vtpm_json_get_string (object, "d", "k", false, &string, &error), EINVAL,
                      message);
      if (strcmp (types[i], "int") != 0)
        expect_error (vtpm_json_get_integer (object, "d", "k", false, 0, 9, &integer, &error),
                      EINVAL, message);
      if (strcmp (types[i], "boolean") != 0)
        expect_error (vtpm_json_get_boolean (object, "d", "k", false, &boolean, &error), EINVAL,
                      message);
      if (strcmp (types[i], "object") != 0)
        expect_error (vtpm_json_get_object (object, "d", "k", false, &inner, &error), EINVAL,
                      message);
    }
}

Test (json, checks_ranges)
{
  static const char *const numbers[] = { "-1",
                                         "11",
                                         "99999999999999999999",
                                         "-99999999999999999999",
                                         "9223372036854775807",
                                         "18446744073709551615" };

  for (size_t i = 0; i < sizeof (numbers) / sizeof (numbers[0]); i++)
    {
      char text[64];
      _cleanup_json_ json_object *object = NULL;
      int64_t integer = 42;

      snprintf (text, sizeof (text), "{\"k\":%s}", numbers[i]);
      object = parse (text);
      expect_error (vtpm_json_get_integer (object, "d", "k", true, 0, 10, &integer, &error), ERANGE,
                    "not between 0 and 10");
      cr_expect_eq (integer, 42);
    }
}

Test (json, refuses_a_nul_byte_in_a_string)
{
  _cleanup_json_ json_object *object = parse ("{\"k\":\"tpm0\\u0000x\"}");
  const char *string = NULL;

  expect_error (vtpm_json_get_string (object, "d", "k", true, &string, &error), EINVAL,
                "d: \"k\" contains a NUL byte");
  cr_expect_null (string);
}
