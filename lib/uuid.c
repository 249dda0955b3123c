/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "uuid.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "names.h"

int
vtpm_uuid_make (uint8_t uuid[VTPM_UUID_SIZE], struct vtpm_error **error)
{
  if (getrandom (uuid, VTPM_UUID_SIZE, 0) != VTPM_UUID_SIZE)
    return vtpm_error_set (error, errno, "cannot get random bytes");
  uuid[6] = (uint8_t) (0x40 | (uuid[6] & 0x0f));
  uuid[8] = (uint8_t) (0x80 | (uuid[8] & 0x3f));
  return 0;
}

char *
vtpm_uuid_format (const uint8_t uuid[VTPM_UUID_SIZE], char buffer[VTPM_UUID_TEXT_SIZE])
{
  char *end = buffer;

  for (size_t i = 0; i < VTPM_UUID_SIZE; i++)
    end += sprintf (end, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid[i]);
  return buffer;
}

/* What is read must give the same text again: that leaves no question of what
   sscanf(3) skips or takes for a number.  */
int
vtpm_uuid_parse (const char *text, uint8_t uuid[VTPM_UUID_SIZE], struct vtpm_error **error)
{
  char again[VTPM_UUID_TEXT_SIZE], quoted[VTPM_NAME_QUOTED_SIZE];
  uint8_t found[VTPM_UUID_SIZE] = { 0 };
  const char *next = text;

  for (size_t i = 0; i < VTPM_UUID_SIZE; i++)
    {
      next += *next == '-';
      sscanf (next, "%2" SCNx8, &found[i]);
      next += strnlen (next, 2);
    }
  if (strcmp (vtpm_uuid_format (found, again), text) != 0)
    return vtpm_error_set_plain (error, EINVAL, "\"%s\" is not a uuid in lower case",
                                 vtpm_name_quote (text, quoted, sizeof (quoted)));
  memcpy (uuid, found, VTPM_UUID_SIZE);
  return 0;
}
