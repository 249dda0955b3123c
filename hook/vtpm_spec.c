/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpm_spec.h"

#include <string.h>

#include "manufacture_spec.h"
#include "names.h"

/* Linux reserves the id -1 (fchown(2): "leave as it is").  */
#define ID_MAX 4294967294UL
#define MODE_MAX 0777UL

typedef int (*parse_value) (const char *value, struct vtpm_spec *spec, struct vtpm_error **error);

static int
refuse (struct vtpm_error **error, const char *value, const char *allowed)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  return vtpm_error_set_plain (error, EINVAL, "\"%s\" is not %s",
                               vtpm_name_quote (value, quoted, sizeof (quoted)), allowed);
}

static int
parse_device (const char *value, struct vtpm_spec *spec, struct vtpm_error **error)
{
  if (vtpm_name_check_device (value, error) < 0)
    return -1;
  snprintf (spec->device, sizeof (spec->device), "%s", value);
  snprintf (spec->resource_manager, sizeof (spec->resource_manager), "tpmrm%u",
            vtpm_name_device_number (value));
  return 0;
}

static int
parse_version (const char *value, struct vtpm_spec *spec, struct vtpm_error **error)
{
  if (vtpm_tpm_version_from_name (value, &spec->version, NULL) < 0)
    return refuse (error, value, "2.0 or 1.2");
  return 0;
}

/* Digits of BASE only: no sign, no blank, no 0x.  */
static int
parse_number (const char *value, int base, unsigned long maximum, unsigned long *number)
{
  const char *digits = base == 8 ? "01234567" : "0123456789";
  size_t length = strlen (value);

  if (length == 0 || length > 10 || strspn (value, digits) != length)
    return -1;
  *number = strtoul (value, NULL, base);
  return *number <= maximum ? 0 : -1;
}

static int
parse_uid (const char *value, struct vtpm_spec *spec, struct vtpm_error **error)
{
  unsigned long number;

  if (parse_number (value, 10, ID_MAX, &number) < 0)
    return refuse (error, value, "a user id from 0 to 4294967294");
  spec->uid = (uid_t) number;
  return 0;
}

static int
parse_gid (const char *value, struct vtpm_spec *spec, struct vtpm_error **error)
{
  unsigned long number;

  if (parse_number (value, 10, ID_MAX, &number) < 0)
    return refuse (error, value, "a group id from 0 to 4294967294");
  spec->gid = (gid_t) number;
  return 0;
}

static int
parse_mode (const char *value, struct vtpm_spec *spec, struct vtpm_error **error)
{
  unsigned long number;

  if (parse_number (value, 8, MODE_MAX, &number) < 0)
    return refuse (error, value, "an octal mode from 0 to 0777");
  spec->mode = (mode_t) number;
  return 0;
}

static int
parse_ephemeral (const char *value, struct vtpm_spec *spec, struct vtpm_error **error)
{
  if (strcmp (value, "true") == 0)
    spec->ephemeral = true;
  else if (strcmp (value, "false") == 0)
    spec->ephemeral = false;
  else
    return refuse (error, value, "true or false");
  return 0;
}

/* The scope is never the annotation's to choose: it is what keeps one tenant's
   instances from another's.  */
static int
parse_name (const char *value, struct vtpm_spec *spec, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];

  if (strchr (value, '/') != NULL)
    return vtpm_error_set_plain (error, EINVAL, "\"%s\" contains a slash",
                                 vtpm_name_quote (value, quoted, sizeof (quoted)));
  return vtpm_instance_id_parse (value, &spec->instance, error);
}

static int
parse_ek (const char *value, struct vtpm_spec *spec, struct vtpm_error **error)
{
  return vtpm_key_types_parse (value, &spec->eks, error);
}

static int
parse_pcr_banks (const char *value, struct vtpm_spec *spec, struct vtpm_error **error)
{
  return vtpm_pcr_banks_parse (value, &spec->pcr_banks, error);
}

static const struct
{
  const char *key; /* after the prefix */
  parse_value parse;
} known[] = {
  { "device", parse_device },
  { "version", parse_version },
  { "name", parse_name },
  { "ephemeral", parse_ephemeral },
  { "uid", parse_uid },
  { "gid", parse_gid },
  { "mode", parse_mode },
  { "ek", parse_ek },
  { "pcr-banks", parse_pcr_banks },
};

static parse_value
find (const char *key)
{
  for (size_t i = 0; i < sizeof (known) / sizeof (known[0]); i++)
    if (strcmp (known[i].key, key) == 0)
      return known[i].parse;
  return NULL;
}

static int
parse_annotation (const char *key, json_object *value, struct vtpm_spec *spec,
                  struct vtpm_error **error)
{
  parse_value parse = find (key + strlen (VTPM_ANNOTATION_PREFIX));
  char quoted[VTPM_NAME_QUOTED_SIZE];

  vtpm_name_quote (key, quoted, sizeof (quoted));
  if (parse == NULL)
    return vtpm_error_set_plain (error, EINVAL, "unknown annotation %s", quoted);
  if (!json_object_is_type (value, json_type_string)
      || strlen (json_object_get_string (value)) != (size_t) json_object_get_string_len (value))
    return vtpm_error_set_plain (error, EINVAL, "annotation %s is not a string", quoted);
  if (parse (json_object_get_string (value), spec, error) < 0)
    return vtpm_error_wrap (error, "annotation %s", quoted);
  return 0;
}

static bool
has_instance (const struct vtpm_spec *spec)
{
  return spec->instance.name[0] != '\0';
}

/* What no annotation by itself can tell.  */
static int
check_together (const struct vtpm_spec *spec, struct vtpm_error **error)
{
  if (spec->device[0] == '\0')
    return vtpm_error_set_plain (error, EINVAL,
                                 "annotations under " VTPM_ANNOTATION_PREFIX
                                 " without " VTPM_ANNOTATION_PREFIX "device");
  if (spec->ephemeral && has_instance (spec))
    return vtpm_error_set_plain (error, EINVAL,
                                 "annotations " VTPM_ANNOTATION_PREFIX
                                 "name and " VTPM_ANNOTATION_PREFIX
                                 "ephemeral: an instance with a name is not ephemeral");
  if (spec->version == VTPM_TPM_1_2 && spec->pcr_banks != 0)
    return vtpm_error_set_plain (error, EINVAL,
                                 "annotation " VTPM_ANNOTATION_PREFIX
                                 "pcr-banks: a TPM 1.2 has one bank only, sha1");
  if (spec->version == VTPM_TPM_1_2 && (spec->eks & ~VTPM_EKS_1_2) != 0)
    return vtpm_error_set_plain (error, EINVAL,
                                 "annotation " VTPM_ANNOTATION_PREFIX
                                 "ek: a TPM 1.2 has one endorsement key only, rsa2048");
  return 0;
}

int
vtpm_spec_from_annotations (json_object *annotations, bool *wanted, struct vtpm_spec *spec,
                            struct vtpm_error **error)
{
  struct vtpm_spec parsed = { .version = VTPM_TPM_2_0, .mode = 0660 };

  *wanted = false;
  if (annotations == NULL)
    return 0;
  json_object_object_foreach (annotations, key, value)
  {
    if (strncmp (key, VTPM_ANNOTATION_PREFIX, strlen (VTPM_ANNOTATION_PREFIX)) != 0)
      continue;
    if (parse_annotation (key, value, &parsed, error) < 0)
      return -1;
    *wanted = true;
  }
  if (!*wanted)
    return 0;
  if (check_together (&parsed, error) < 0)
    return -1;
  *spec = parsed;
  return 0;
}

int
vtpm_spec_settle_instance (struct vtpm_spec *spec, const char *container_id,
                           struct vtpm_error **error)
{
  if (spec->ephemeral || has_instance (spec))
    return 0;
  return vtpm_instance_id_of_container (container_id, &spec->instance, error);
}
