/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "oci_state.h"

static const char what[] = "state";

static int
take (json_object *document, struct vtpm_oci_state *state, struct vtpm_error **error)
{
  int64_t pid = 0;

  *state = (struct vtpm_oci_state) { 0 };
  if (vtpm_json_get_string (document, what, "id", true, &state->id, error) < 0
      || vtpm_json_get_string (document, what, "bundle", true, &state->bundle, error) < 0
      || vtpm_json_get_integer (document, what, "pid", false, 0, INT32_MAX, &pid, error) < 0)
    return -1;
  /* Runtimes written in Go may write an empty map as null.  */
  if (json_object_object_get (document, "annotations") != NULL
      && vtpm_json_get_object (document, what, "annotations", false, &state->annotations, error)
             < 0)
    return -1;
  if (state->bundle[0] != '/')
    return vtpm_error_set_plain (error, EINVAL, "%s: \"bundle\" is not an absolute path", what);
  state->pid = (pid_t) pid;
  state->document = json_object_get (document);
  return 0;
}

int
vtpm_oci_state_parse (const char *text, size_t length, struct vtpm_oci_state *state,
                      struct vtpm_error **error)
{
  _cleanup_json_ json_object *document = NULL;

  if (vtpm_json_parse (text, length, what, &document, error) < 0)
    return -1;
  return take (document, state, error);
}

int
vtpm_oci_state_read (int fd, struct vtpm_oci_state *state, struct vtpm_error **error)
{
  _cleanup_json_ json_object *document = NULL;

  if (vtpm_json_read_fd (fd, VTPM_OCI_STATE_MAX, what, &document, error) < 0)
    return -1;
  return take (document, state, error);
}

void
vtpm_oci_state_clear (struct vtpm_oci_state *state)
{
  vtpm_cleanup_json (&state->document);
  *state = (struct vtpm_oci_state) { 0 };
}
