/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <stdio.h>
#include <sys/stat.h>

#include "certificate_request.h"
#include "libcrypto.h"
#include "manufacture_spec.h"
#include "openssl_cleanup.h"
#include "privilege.h"
#include "rundir.h"
#include "vtpm_info.h"
#include "vtpmctl.h"
#include "x509_text.h"

/* The files are what an emulator has shown, which may have been broken into: they are parsed
   as the user that they belong to, who could do the same.  */
static int
open_as_its_user (const char *run_dir, const char *id, int *dir_fd, struct vtpm_error **error)
{
  _cleanup_close_ int fd = -1;
  struct stat status;

  if (vtpm_rundir_open (run_dir, id, &fd, error) < 0)
    return -1;
  if (fstat (fd, &status) < 0)
    return vtpm_error_set (error, errno, "cannot look at %s/%s", run_dir, id);
  if (status.st_uid != geteuid ())
    {
      const struct vtpm_user user = { .uid = status.st_uid, .gid = status.st_gid };

      if (vtpm_user_become (&user, error) < 0)
        return -1;
    }
  *dir_fd = vtpm_steal_fd (&fd);
  return 0;
}

/* *CERTIFICATE is NULL where there is none.  */
static int
read_certificate (int dir_fd, enum vtpm_key_type type, X509 **certificate,
                  struct vtpm_error **error)
{
  uint8_t der[VTPM_CERTIFICATE_MAX];
  const unsigned char *next = der;
  size_t size;

  *certificate = NULL;
  if (vtpm_rundir_read_ek (dir_fd, type, der, &size, error) < 0)
    return -1;
  if (size == 0)
    return 0;
  *certificate = d2i_X509 (NULL, &next, (long) size);
  if (*certificate == NULL || X509_get0_pubkey (*certificate) == NULL)
    return vtpm_error_set_plain (error, EBADMSG, "%s: its TPM has no X.509 certificate",
                                 vtpm_key_type_name (type));
  return 0;
}

static void
print_pem (X509 *certificate, const struct vtpmctl_options *options)
{
  _cleanup_free_ char *pem
      = options->pem ? vtpm_x509_key_pem (certificate) : vtpm_x509_pem (certificate);

  fputs (pem != NULL ? pem : "", stdout);
}

static void
print_text (enum vtpm_key_type type, X509 *certificate)
{
  _cleanup_free_ char *key = vtpm_x509_key_pem (certificate);
  char text[VTPM_X509_NAME_SIZE];

  printf ("%s\n", vtpm_key_type_name (type));
  printf ("  subject  %s\n", vtpm_x509_name (X509_get_subject_name (certificate), text));
  printf ("  issuer   %s\n", vtpm_x509_name (X509_get_issuer_name (certificate), text));
  printf ("  serial   %s\n", vtpm_x509_serial (certificate, text));
  printf ("  until    %s\n", vtpm_x509_time (X509_get0_notAfter (certificate), text));
  fputs (key != NULL ? key : "", stdout);
}

static void
show (enum vtpm_key_type type, X509 *certificate, const struct vtpmctl_options *options,
      json_object *array)
{
  json_object *description;

  if (options->json)
    {
      description = vtpm_x509_describe (certificate);
      json_object_object_add (description, "type", json_object_new_string (vtpm_key_type_name (type)));
      json_object_array_add (array, description);
    }
  else if (options->pem || options->certificates)
    print_pem (certificate, options);
  else
    print_text (type, certificate);
}

static int
show_all (int dir_fd, const struct vtpmctl_options *options, struct vtpm_error **error)
{
  _cleanup_json_ json_object *array = json_object_new_array ();
  int count = 0;

  for (int type = 0; type < VTPM_KEY_TYPE_COUNT; type++)
    {
      _cleanup_x509_ X509 *certificate = NULL;

      if (read_certificate (dir_fd, (enum vtpm_key_type) type, &certificate, error) < 0)
        return -1;
      if (certificate == NULL)
        continue;
      count++;
      show ((enum vtpm_key_type) type, certificate, options, array);
    }
  if (options->json)
    puts (json_object_to_json_string_ext (array, JSON_C_TO_STRING_PRETTY
                                                     | JSON_C_TO_STRING_NOSLASHESCAPE));
  else if (count == 0)
    return vtpm_error_set_plain (error, ENOENT,
                                 "its TPM has no endorsement key with a certificate: the annotation "
                                 "io.oci-vtpm.ek asks for one when it is made");
  return 0;
}

int
vtpmctl_ek (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
            struct vtpm_error **error)
{
  _cleanup_free_ char *id = NULL;
  _cleanup_close_ int dir_fd = -1;

  if (options->json + options->pem + options->certificates > 1)
    return vtpm_error_set_plain (error, EINVAL, "one of --json, --pem and --cert is enough");
  if (vtpm_libcrypto_prepare (error) < 0
      || vtpm_info_find (host->run_dir, options->arguments[0], &id, error) < 0
      || open_as_its_user (host->run_dir, id, &dir_fd, error) < 0)
    return -1;
  if (show_all (dir_fd, options, error) < 0)
    return vtpm_error_wrap (error, "%s", id);
  return 0;
}
