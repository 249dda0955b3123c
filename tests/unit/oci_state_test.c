/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "oci_state.h"

#include "expect_error.h"
#include "temp_dir.h"

static int
parse (const char *text, struct vtpm_oci_state *state, struct vtpm_error **error)
{
  return vtpm_oci_state_parse (text, strlen (text), state, error);
}

Test (oci_state, takes_what_a_runtime_writes)
{
  _cleanup_oci_state_ struct vtpm_oci_state state = { 0 };

  assert_success (
      parse ("{\"ociVersion\":\"1.0.2\",\"id\":\"c1\",\"status\":\"creating\",\"pid\":4422,"
             "\"bundle\":\"/containers/c1\",\"annotations\":{\"k\":\"v\"},\"new\":[1]}",
             &state, &error));
  cr_expect_str_eq (state.id, "c1");
  cr_expect_str_eq (state.bundle, "/containers/c1");
  cr_expect_eq (state.pid, 4422);
  cr_assert_not_null (state.annotations);
  cr_expect_eq (json_object_object_length (state.annotations), 1);
}

/* runc leaves the pid of a stopped container out, crun writes 0; an empty map
   may be missing or null.  */
Test (oci_state, needs_no_pid_and_no_annotations)
{
  static const char *const texts[] = {
    "{\"id\":\"c\",\"bundle\":\"/b\"}",
    "{\"id\":\"c\",\"bundle\":\"/b\",\"pid\":0}",
    "{\"id\":\"c\",\"bundle\":\"/b\",\"annotations\":null}",
  };

  for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++)
    {
      _cleanup_oci_state_ struct vtpm_oci_state state = { .pid = 1 };

      assert_success (parse (texts[i], &state, &error));
      cr_expect_eq (state.pid, 0);
      cr_expect_null (state.annotations);
    }
}

struct bad_state
{
  const char *text;
  int errnum;
  const char *message;
};

Test (oci_state, says_what_is_wrong)
{
  static const struct bad_state states[] = {
    { "", EINVAL, "state: line 1, column 1: the text ends too early" },
    { "[]", EINVAL, "state: not a JSON object" },
    { "{\"id\":\"c\",\n\"bundle\":}", EINVAL, "state: line 2, column " },
    { "{}", ENOENT, "state: \"id\" is missing" },
    { "{\"id\":\"c\"}", ENOENT, "state: \"bundle\" is missing" },
    { "{\"id\":null,\"bundle\":\"/b\"}", EINVAL, "state: \"id\" is of type null" },
    { "{\"id\":7,\"bundle\":\"/b\"}", EINVAL, "state: \"id\" is of type int" },
    { "{\"id\":[\"c\"],\"bundle\":\"/b\"}", EINVAL, "state: \"id\" is of type array" },
    { "{\"id\":\"c\\u0000d\",\"bundle\":\"/b\"}", EINVAL, "state: \"id\" contains a NUL byte" },
    { "{\"id\":\"c\",\"bundle\":null}", EINVAL, "state: \"bundle\" is of type null" },
    { "{\"id\":\"c\",\"bundle\":{}}", EINVAL, "state: \"bundle\" is of type object" },
    { "{\"id\":\"c\",\"bundle\":\"/b\\u0000\"}", EINVAL, "state: \"bundle\" contains a NUL byte" },
    { "{\"id\":\"c\",\"bundle\":\"b\"}", EINVAL, "state: \"bundle\" is not an absolute path" },
    { "{\"id\":\"c\",\"bundle\":\"../b\"}", EINVAL, "state: \"bundle\" is not an absolute path" },
    { "{\"id\":\"c\",\"bundle\":\"\"}", EINVAL, "state: \"bundle\" is not an absolute path" },
    { "{\"id\":\"c\",\"bundle\":\"/b\",\"pid\":\"1\"}", EINVAL,
      "state: \"pid\" is of type string" },
    { "{\"id\":\"c\",\"bundle\":\"/b\",\"pid\":1.5}", EINVAL, "state: \"pid\" is of type double" },
    { "{\"id\":\"c\",\"bundle\":\"/b\",\"pid\":null}", EINVAL, "state: \"pid\" is of type null" },
    { "{\"id\":\"c\",\"bundle\":\"/b\",\"pid\":-1}", ERANGE, "state: \"pid\" is -1" },
    { "{\"id\":\"c\",\"bundle\":\"/b\",\"pid\":2147483648}", ERANGE,
      "state: \"pid\" is 2147483648" },
    { "{\"id\":\"c\",\"bundle\":\"/b\",\"pid\":4294967297}", ERANGE,
      "state: \"pid\" is 4294967297" },
    { "{\"id\":\"c\",\"bundle\":\"/b\",\"annotations\":[]}", EINVAL,
      "\"annotations\" is of type array" },
    { "{\"id\":\"c\",\"bundle\":\"/b\",\"annotations\":\"x\"}", EINVAL,
      "\"annotations\" is of type string" },
    { "{\"id\":\"c\",\"bundle\":\"/b\",\"annotations\":false}", EINVAL,
      "\"annotations\" is of type boolean" },
  };

  for (size_t i = 0; i < sizeof (states) / sizeof (states[0]); i++)
    {
      _cleanup_oci_state_ struct vtpm_oci_state state = { 0 };

      expect_error (parse (states[i].text, &state, &error), states[i].errnum, states[i].message);
      cr_expect_null (state.document, "%s", states[i].text);
    }
}

/* Reads a state that a pipe or a file of SIZE bytes holds.  */
static int
read_padded (size_t size, struct vtpm_oci_state *state, struct vtpm_error **error)
{
  static const char text[] = "{\"id\":\"c\",\"bundle\":\"/b\"}";
  _cleanup_free_ char *padded = malloc (size);
  _cleanup_close_ int fd = -1;

  memset (padded, ' ', size);
  memcpy (padded, text, sizeof (text) - 1);
  make_temp_dir ();
  write_temp_file ("state", padded, size);
  fd = open (temp_path ("state"), O_RDONLY | O_CLOEXEC);
  remove_temp_dir ();
  return vtpm_oci_state_read (fd, state, error);
}

Test (oci_state, is_read_up_to_its_limit)
{
  _cleanup_oci_state_ struct vtpm_oci_state state = { 0 };

  assert_success (read_padded (VTPM_OCI_STATE_MAX, &state, &error));
  cr_expect_str_eq (state.id, "c");
}

Test (oci_state, is_not_read_beyond_its_limit)
{
  struct vtpm_oci_state state = { 0 };

  expect_error (read_padded (VTPM_OCI_STATE_MAX + 1, &state, &error), EFBIG,
                "state is larger than 1048576 bytes");
}

Test (oci_state, is_not_empty)
{
  _cleanup_close_ int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  struct vtpm_oci_state state = { 0 };

  expect_error (vtpm_oci_state_read (fd, &state, &error), EINVAL, "state is empty");
}

/* What comes in pieces is one state.  */
Test (oci_state, is_read_to_its_end)
{
  _cleanup_oci_state_ struct vtpm_oci_state state = { 0 };
  int ends[2];

  cr_assert_eq (pipe (ends), 0);
  if (fork () == 0)
    {
      static const char text[] = "{\"id\":\"c\",\"bundle\":\"/b\"}";

      for (size_t i = 0; i < sizeof (text) - 1; i++)
        if (write (ends[1], text + i, 1) != 1)
          _exit (1);
      _exit (0);
    }
  close (ends[1]);
  assert_success (vtpm_oci_state_read (ends[0], &state, &error));
  cr_expect_str_eq (state.bundle, "/b");
  close (ends[0]);
}

Test (oci_state, is_cleared_twice)
{
  struct vtpm_oci_state state = { 0 };

  assert_success (parse ("{\"id\":\"c\",\"bundle\":\"/b\"}", &state, &error));
  vtpm_oci_state_clear (&state);
  cr_expect_null (state.id);
  vtpm_oci_state_clear (&state);
}
