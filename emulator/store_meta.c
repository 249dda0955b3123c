/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "store_meta.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

/* No value has a character that JSON would want escaped.  */
size_t
vtpm_store_meta_format (const struct vtpm_store_meta *meta, char buffer[VTPM_STORE_META_SIZE])
{
  char instance[VTPM_INSTANCE_ID_TEXT_SIZE], uuid[VTPM_UUID_TEXT_SIZE];

  return (size_t) snprintf (
      buffer, VTPM_STORE_META_SIZE,
      "{\n"
      "  \"instance\": \"%s\",\n"
      "  \"uuid\": \"%s\",\n"
      "  \"tpmVersion\": \"%s\",\n"
      "  \"createdAt\": \"%s\",\n"
      "  \"generation\": %" PRIu64 "\n"
      "}\n",
      vtpm_instance_id_format (&meta->id, instance), vtpm_uuid_format (meta->uuid, uuid),
      vtpm_tpm_version_name (meta->version), meta->created_at, meta->generation);
}

static int
scan (const char *text, struct vtpm_store_meta *meta)
{
  char instance[VTPM_INSTANCE_ID_TEXT_SIZE], uuid[VTPM_UUID_TEXT_SIZE], version[8];

  if (sscanf (text,
              " { \"instance\": \"%318[^\"]\", \"uuid\": \"%36[0-9a-f-]\","
              " \"tpmVersion\": \"%7[0-9.]\", \"createdAt\": \"%20[0-9TZ:-]\","
              " \"generation\": %" SCNu64,
              instance, uuid, version, meta->created_at, &meta->generation)
          != 5
      || vtpm_instance_id_parse (instance, &meta->id, NULL) < 0
      || vtpm_tpm_version_from_name (version, &meta->version, NULL) < 0)
    return -1;
  return vtpm_uuid_parse (uuid, meta->uuid, NULL);
}

/* What is read must give the same text again: that leaves no question of what
   sscanf(3) skips or takes for a number.  */
int
vtpm_store_meta_parse (const char *text, size_t length, const char *what,
                       struct vtpm_store_meta *meta, struct vtpm_error **error)
{
  char copy[VTPM_STORE_META_SIZE] = "", again[VTPM_STORE_META_SIZE];
  struct vtpm_store_meta found = { 0 };

  if (length < sizeof (copy))
    memcpy (copy, text, length);
  if (scan (copy, &found) < 0 || vtpm_store_meta_format (&found, again) != length
      || memcmp (again, text, length) != 0)
    return vtpm_error_set_plain (error, VTPM_STATE_DAMAGED,
                                 "%s: damaged: not as this program writes it", what);
  *meta = found;
  return 0;
}

void
vtpm_store_meta_set_created (struct vtpm_store_meta *meta)
{
  time_t now = time (NULL);
  struct tm utc;

  gmtime_r (&now, &utc);
  if (strftime (meta->created_at, sizeof (meta->created_at), "%FT%TZ", &utc) == 0)
    meta->created_at[0] = '\0';
}
