/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "manufacture_spec.h"

#include <stdio.h>
#include <string.h>

#include "names.h"

static const char *const pcr_banks[] = {
  [VTPM_PCR_SHA1] = "sha1",
  [VTPM_PCR_SHA256] = "sha256",
  [VTPM_PCR_SHA384] = "sha384",
  [VTPM_PCR_SHA512] = "sha512",
};

static const char *const key_types[] = {
  [VTPM_KEY_RSA_2048] = "rsa2048",
  [VTPM_KEY_RSA_3072] = "rsa3072",
  [VTPM_KEY_ECC_P256] = "ecc-p256",
  [VTPM_KEY_ECC_P384] = "ecc-p384",
  [VTPM_KEY_ECC_P521] = "ecc-p521",
};

struct members
{
  const char *what; /* one of them, in messages */
  const char *const *names;
  size_t count;
};

#define MEMBERS(WHAT, NAMES) { WHAT, NAMES, sizeof (NAMES) / sizeof (NAMES[0]) }

static const struct members all_pcr_banks = MEMBERS ("a PCR bank", pcr_banks);
static const struct members all_key_types = MEMBERS ("a type of key", key_types);

static char *
format (const struct members *all, unsigned int set, char buffer[VTPM_SET_TEXT_SIZE])
{
  size_t length = 0;

  snprintf (buffer, VTPM_SET_TEXT_SIZE, "none");
  for (size_t i = 0; i < all->count; i++)
    if ((set & 1U << i) != 0)
      length += (size_t) snprintf (buffer + length, VTPM_SET_TEXT_SIZE - length, "%s%s",
                                   length > 0 ? "," : "", all->names[i]);
  return buffer;
}

static int
refuse (const struct members *all, const char *text, size_t length, struct vtpm_error **error)
{
  char word[VTPM_NAME_QUOTED_SIZE], quoted[VTPM_NAME_QUOTED_SIZE], known[VTPM_SET_TEXT_SIZE];

  snprintf (word, sizeof (word), "%.*s", (int) (length < sizeof (word) ? length : sizeof (word)),
            text);
  return vtpm_error_set_plain (error, EINVAL, "\"%s\" is not %s; there are %s",
                               vtpm_name_quote (word, quoted, sizeof (quoted)), all->what,
                               format (all, (1U << all->count) - 1, known));
}

static int
find (const struct members *all, const char *text, size_t length)
{
  for (size_t i = 0; i < all->count; i++)
    if (strlen (all->names[i]) == length && memcmp (all->names[i], text, length) == 0)
      return (int) i;
  return -1;
}

static int
parse (const struct members *all, const char *text, unsigned int *set, struct vtpm_error **error)
{
  unsigned int found = 0;
  const char *word = text;

  for (;;)
    {
      size_t length = strcspn (word, ",");
      int member = find (all, word, length);

      if (member < 0)
        return refuse (all, word, length, error);
      if ((found & 1U << member) != 0)
        return vtpm_error_set_plain (error, EINVAL, "\"%s\" is given twice", all->names[member]);
      found |= 1U << member;
      if (word[length] == '\0')
        break;
      word += length + 1;
    }
  *set = found;
  return 0;
}

int
vtpm_pcr_banks_parse (const char *text, unsigned int *banks, struct vtpm_error **error)
{
  return parse (&all_pcr_banks, text, banks, error);
}

int
vtpm_key_types_parse (const char *text, unsigned int *types, struct vtpm_error **error)
{
  if (strcmp (text, "none") == 0)
    {
      *types = 0;
      return 0;
    }
  return parse (&all_key_types, text, types, error);
}

char *
vtpm_pcr_banks_format (unsigned int banks, char buffer[VTPM_SET_TEXT_SIZE])
{
  return format (&all_pcr_banks, banks, buffer);
}

char *
vtpm_key_types_format (unsigned int types, char buffer[VTPM_SET_TEXT_SIZE])
{
  return format (&all_key_types, types, buffer);
}

const char *
vtpm_key_type_name (enum vtpm_key_type type)
{
  return key_types[type];
}

struct vtpm_ek_place
vtpm_ek_place (enum vtpm_key_type type)
{
  static const struct vtpm_ek_place places[] = {
    [VTPM_KEY_RSA_2048] = { 0x81010001, 0x01c00002 },
    [VTPM_KEY_RSA_3072] = { 0x8101001c, 0x01c0001c },
    [VTPM_KEY_ECC_P256] = { 0x8101000a, 0x01c0000a },
    [VTPM_KEY_ECC_P384] = { 0x81010016, 0x01c00016 },
    [VTPM_KEY_ECC_P521] = { 0x81010018, 0x01c00018 },
  };

  return places[type];
}
