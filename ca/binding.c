/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "binding.h"

#include <stdio.h>
#include <string.h>

#include "names.h"

static const struct
{
  const char *name;
  size_t offset;
} fields[] = {
  { "uuid", offsetof (struct vtpm_certificate_binding, uuid) },
  { "container", offsetof (struct vtpm_certificate_binding, container) },
  { "namespace", offsetof (struct vtpm_certificate_binding, namespace) },
  { "pod", offsetof (struct vtpm_certificate_binding, pod) },
  { "host", offsetof (struct vtpm_certificate_binding, host) },
};

static int
find_field (const char *name, size_t length)
{
  for (size_t i = 0; i < sizeof (fields) / sizeof (fields[0]); i++)
    if (strlen (fields[i].name) == length && memcmp (fields[i].name, name, length) == 0)
      return (int) i;
  return -1;
}

static int
refuse (const char *template, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  return vtpm_error_set_plain (
      error, EINVAL,
      "\"%s\": braces are for {uuid}, {container}, {namespace}, {pod} and {host}",
      vtpm_name_quote (template, quoted, sizeof (quoted)));
}

/* Prints what comes before the next name, and finds that.  *FIELD is -1 at the end.  */
static int
next_part (const char *template, const char **rest, FILE *stream, int *field,
           struct vtpm_error **error)
{
  size_t plain = strcspn (*rest, "{}");
  const char *brace = *rest + plain;
  size_t length;

  *field = -1;
  if (stream != NULL)
    fprintf (stream, "%.*s", (int) plain, *rest);
  *rest = brace;
  if (*brace == '\0')
    return 0;
  length = strcspn (brace + 1, "{}");
  if (*brace == '}' || brace[1 + length] != '}')
    return refuse (template, error);
  *field = find_field (brace + 1, length);
  if (*field < 0)
    return refuse (template, error);
  *rest = brace + length + 2;
  return 0;
}

int
vtpm_binding_check (const char *template, struct vtpm_error **error)
{
  const char *rest = template;
  int field;

  do
    if (next_part (template, &rest, NULL, &field, error) < 0)
      return -1;
  while (field >= 0);
  return 0;
}

static const char *
get_value (const struct vtpm_certificate_binding *binding, int field)
{
  const char *value;

  memcpy (&value, (const char *) binding + fields[field].offset, sizeof (value));
  return value;
}

static int
expand (const char *template, const struct vtpm_certificate_binding *binding, FILE *stream,
        struct vtpm_error **error)
{
  const char *rest = template;

  for (;;)
    {
      const char *value;
      int field;

      if (next_part (template, &rest, stream, &field, error) < 0)
        return -1;
      if (field < 0)
        return 0;
      value = get_value (binding, field);
      if (value == NULL || value[0] == '\0')
        return vtpm_error_set_plain (error, ENOENT, "\"%s\": this TPM has no {%s}", template,
                                     fields[field].name);
      fputs (value, stream);
    }
}

int
vtpm_binding_expand (const char *template, const struct vtpm_certificate_binding *binding,
                     char **text, struct vtpm_error **error)
{
  char *made = NULL;
  size_t size;
  FILE *stream = open_memstream (&made, &size);
  int result;

  if (stream == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot expand \"%s\"", template);
  result = expand (template, binding, stream, error);
  if (fclose (stream) != 0 && result == 0)
    result = vtpm_error_set (error, ENOMEM, "cannot expand \"%s\"", template);
  if (result < 0)
    free (made);
  else
    *text = made;
  return result;
}
