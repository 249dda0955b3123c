/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "names.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#define CONTAINER_ID_MAX (NAME_MAX - 1) /* rundir.c puts one byte before it */
#define DEVICE_NUMBER_MAX 65535u

int
vtpm_name_check_container_id (const char *id, struct vtpm_error **error)
{
  static const char allowed[]
      = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-";
  char quoted[VTPM_NAME_QUOTED_SIZE];
  size_t length = strlen (id);

  if (length == 0 || length > CONTAINER_ID_MAX || id[0] == '.' || strspn (id, allowed) != length)
    return vtpm_error_set_plain (error, EINVAL,
                                 "container id \"%s\" is not 1 to 254 of A-Z a-z 0-9 _ + . - "
                                 "without a leading dot",
                                 vtpm_name_quote (id, quoted, sizeof (quoted)));
  return 0;
}

int
vtpm_name_check_device (const char *name, struct vtpm_error **error)
{
  char quoted[VTPM_NAME_QUOTED_SIZE];
  size_t digits = 0;

  if (strncmp (name, "tpm", 3) == 0)
    digits = strspn (name + 3, "0123456789");
  if (digits == 0 || digits > 5 || name[3 + digits] != '\0' || (digits > 1 && name[3] == '0')
      || strtoul (name + 3, NULL, 10) > DEVICE_NUMBER_MAX)
    return vtpm_error_set_plain (error, EINVAL, "device name \"%s\" is not tpm0 to tpm%u",
                                 vtpm_name_quote (name, quoted, sizeof (quoted)),
                                 DEVICE_NUMBER_MAX);
  return 0;
}

unsigned int
vtpm_name_device_number (const char *name)
{
  return (unsigned int) strtoul (name + 3, NULL, 10);
}

char *
vtpm_name_quote (const char *text, char *buffer, size_t size)
{
  size_t i;

  for (i = 0; text[i] != '\0' && i < size - 1; i++)
    buffer[i] = isprint ((unsigned char) text[i]) ? text[i] : '?';
  buffer[i] = '\0';
  if (text[i] != '\0')
    memcpy (buffer + size - 4, "...", 4);
  return buffer;
}
