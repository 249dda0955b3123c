/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <stdio.h>

#include "ca_access.h"
#include "json.h"
#include "vtpmctl.h"
#include "x509_text.h"

static void
print_pem (X509 *certificate)
{
  _cleanup_free_ char *pem = certificate != NULL ? vtpm_x509_pem (certificate) : NULL;

  fputs (pem != NULL ? pem : "", stdout);
}

static void
print_line (const char *role, X509 *certificate)
{
  char name[VTPM_X509_NAME_SIZE], end[VTPM_X509_TIME_SIZE];

  printf ("%-10s %s, until %s\n", role,
          vtpm_x509_name (X509_get_subject_name (certificate), name),
          vtpm_x509_time (X509_get0_notAfter (certificate), end));
}

static size_t
count_revoked (const struct vtpm_ca_index *index)
{
  size_t count = 0;

  for (size_t i = 0; i < index->count; i++)
    count += index->entries[i].revoked;
  return count;
}

static void
print_json (const struct vtpm_ca_access *access, const struct vtpm_ca_index *index)
{
  _cleanup_json_ json_object *description = json_object_new_object ();
  X509 *root = vtpm_ca_root (access->ca);

  json_object_object_add (description, "dir", json_object_new_string (access->config.place.dir));
  json_object_object_add (description, "issuer", vtpm_x509_describe (vtpm_ca_issuer (access->ca)));
  if (root != NULL)
    json_object_object_add (description, "root", vtpm_x509_describe (root));
  json_object_object_add (description, "issued", json_object_new_int64 ((int64_t) index->count));
  json_object_object_add (description, "revoked",
                          json_object_new_int64 ((int64_t) count_revoked (index)));
  puts (json_object_to_json_string_ext (description, JSON_C_TO_STRING_PRETTY
                                                         | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void
print_text (const struct vtpm_ca_access *access, const struct vtpm_ca_index *index)
{
  X509 *root = vtpm_ca_root (access->ca);

  printf ("%-10s %s\n", "directory", access->config.place.dir);
  if (root != NULL)
    print_line ("root", root);
  print_line ("issuer", vtpm_ca_issuer (access->ca));
  printf ("%-10s %zu certificates, %zu of them revoked\n", "issued", index->count,
          count_revoked (index));
}

int
vtpmctl_ca_show (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                 struct vtpm_error **error)
{
  _cleanup_ca_access_ struct vtpm_ca_access access = { 0 };
  _cleanup_ca_index_ struct vtpm_ca_index index = { 0 };

  if (vtpm_ca_access_open (host, &access, error) < 0
      || vtpm_ca_read_index (access.ca, &index, error) < 0)
    return -1;
  if (options->pem)
    {
      print_pem (vtpm_ca_issuer (access.ca));
      print_pem (vtpm_ca_root (access.ca));
    }
  else if (options->json)
    print_json (&access, &index);
  else
    print_text (&access, &index);
  return 0;
}
