/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "instance_id.h"

#include <string.h>

#include "names.h"

#define LABEL_MAX 63 /* a DNS label's length: what Kubernetes lets a namespace have */

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyz0123456789"

static bool
is_label (const char *text, const char *allowed)
{
  size_t length = strlen (text);

  return length > 0 && length <= LABEL_MAX && strspn (text, allowed) == length
         && strchr ("-.", text[0]) == NULL && strchr ("-.", text[length - 1]) == NULL;
}

static int
check_scope (const char *scope, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  if (strcmp (scope, VTPM_SCOPE_CONTAINER) == 0 || strcmp (scope, VTPM_SCOPE_POOL) == 0
      || is_label (scope, ALPHANUMERIC "-"))
    return 0;
  return vtpm_error_set_plain (error, EINVAL,
                               "instance scope \"%s\" is not 1 to 63 of a-z 0-9 - that begin and "
                               "end with a letter or a digit",
                               vtpm_name_quote (scope, quoted, sizeof (quoted)));
}

static int
check_name (const char *scope, const char *name, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  if (strcmp (scope, VTPM_SCOPE_CONTAINER) == 0)
    return vtpm_name_check_container_id (name, error);
  if (is_label (name, ALPHANUMERIC "-."))
    return 0;
  return vtpm_error_set_plain (error, EINVAL,
                               "instance name \"%s\" is not 1 to 63 of a-z 0-9 - . that begin and "
                               "end with a letter or a digit",
                               vtpm_name_quote (name, quoted, sizeof (quoted)));
}

static int
make (const char *scope, const char *name, struct vtpm_instance_id *id, struct vtpm_error **error)
{
  if (check_scope (scope, error) < 0 || check_name (scope, name, error) < 0)
    return -1;
  *id = (struct vtpm_instance_id) { 0 };
  strcpy (id->scope, scope);
  strcpy (id->name, name);
  return 0;
}

int
vtpm_instance_id_parse (const char *text, struct vtpm_instance_id *id, struct vtpm_error **error)
{
  const char *slash = strchr (text, '/');
  _cleanup_free_ char *scope = NULL;

  if (slash == NULL)
    return make (VTPM_SCOPE_LOCAL, text, id, error);
  scope = strndup (text, (size_t) (slash - text));
  if (scope == NULL)
    return vtpm_error_set (error, ENOMEM, "instance %s", text);
  return make (scope, slash + 1, id, error);
}

int
vtpm_instance_id_of_container (const char *container_id, struct vtpm_instance_id *id,
                               struct vtpm_error **error)
{
  return make (VTPM_SCOPE_CONTAINER, container_id, id, error);
}

char *
vtpm_instance_id_format (const struct vtpm_instance_id *id, char buffer[VTPM_INSTANCE_ID_TEXT_SIZE])
{
  snprintf (buffer, VTPM_INSTANCE_ID_TEXT_SIZE, "%s/%s", id->scope, id->name);
  return buffer;
}

bool
vtpm_instance_id_equal (const struct vtpm_instance_id *one, const struct vtpm_instance_id *other)
{
  return strcmp (one->scope, other->scope) == 0 && strcmp (one->name, other->name) == 0;
}
