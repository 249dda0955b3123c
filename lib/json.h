/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_JSON_H
#define OCI_VTPM_JSON_H

/*
 * Reading JSON that somebody else wrote, on top of json-c: bounded, as strict
 * as json-c can be (of a key that stands twice the last value counts), and
 * with errors that name the document and the key.  Unknown keys are the
 * caller's business; a key of the wrong type is always an error.
 *
 * WHAT names the document in messages ("state", "/etc/oci-vtpm/config.json").
 * Strings and objects handed out belong to the document.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

static inline void
vtpm_cleanup_json (json_object **object)
{
  json_object_put (*object);
}

#define _cleanup_json_ VTPM_CLEANUP (vtpm_cleanup_json)

/* Parses exactly one JSON object from TEXT.  Syntax errors carry line and
   column.  The caller puts *OBJECT.  */
int vtpm_json_parse (const char *text, size_t length, const char *what, json_object **object,
                     struct vtpm_error **error);

/* Reads FD to its end, at most LIMIT bytes, and parses it.  */
int vtpm_json_read_fd (int fd, size_t limit, const char *what, json_object **object,
                       struct vtpm_error **error);

/* Look KEY up.  An absent key leaves *VALUE as it is and is an error (ENOENT)
   only when REQUIRED.  A string with a NUL byte inside is an error.  */
int vtpm_json_get_string (json_object *object, const char *what, const char *key, bool required,
                          const char **value, struct vtpm_error **error);
int vtpm_json_get_integer (json_object *object, const char *what, const char *key, bool required,
                           int64_t minimum, int64_t maximum, int64_t *value,
                           struct vtpm_error **error);
int vtpm_json_get_boolean (json_object *object, const char *what, const char *key, bool required,
                           bool *value, struct vtpm_error **error);
int vtpm_json_get_object (json_object *object, const char *what, const char *key, bool required,
                          json_object **value, struct vtpm_error **error);

#endif
