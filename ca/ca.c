/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ca.h"

#include <fcntl.h>
#include <limits.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "ca_certificate.h"
#include "ca_counter.h"
#include "ca_crl.h"
#include "openssl_cleanup.h"

/* Of an authority; X.520 has 64 at most.  */
#define NAME_SIZE 129

struct vtpm_ca
{
  char dir[PATH_MAX];
  int dir_fd;
  char certificate[PATH_MAX + 32]; /* of the issuer; for messages, as is the key */
  char key[PATH_MAX + 32];
  X509 *root; /* or NULL */
  struct vtpm_certificate_issuer issuer;
};

/* The path of a file in the directory, for messages.  */
struct path
{
  char text[PATH_MAX + 32];
};

static struct path
path_of (const char *dir, const char *name)
{
  struct path path;

  snprintf (path.text, sizeof (path.text), "%s/%s", dir, name);
  return path;
}

#define PATH(dir, name) (path_of (dir, name).text)

static int
open_dir (const char *dir, int *dir_fd, struct vtpm_error **error)
{
  *dir_fd = open (dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return *dir_fd >= 0 ? 0 : vtpm_error_set (error, errno, "cannot open %s", dir);
}

/* Until *LOCK_FD is closed.  */
static int
lock (const char *dir, int dir_fd, int *lock_fd, struct vtpm_error **error)
{
  int result;

  *lock_fd = openat (dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (*lock_fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", PATH (dir, "lock"));
  do
    result = flock (*lock_fd, LOCK_EX);
  while (result < 0 && errno == EINTR);
  return result == 0 ? 0 : vtpm_error_set (error, errno, "cannot lock %s", PATH (dir, "lock"));
}

/* Without an index nobody has ever used these.  */
static int
remove_leftovers (const char *dir, int dir_fd, struct vtpm_error **error)
{
  static const char *const names[]
      = { "root.key", "root.pem", "issuer.key", "issuer.pem", "serial", "crlnumber" };

  if (faccessat (dir_fd, VTPM_CA_INDEX, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    return vtpm_error_set_plain (error, EEXIST, "%s is there: there is an authority already",
                                 PATH (dir, VTPM_CA_INDEX));
  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    if (unlinkat (dir_fd, names[i], 0) < 0 && errno != ENOENT)
      return vtpm_error_set (error, errno, "cannot remove %s", PATH (dir, names[i]));
  return 0;
}

/* Makes a key and its certificate, by ISSUER, or a root (NULL), and keeps both.  */
static int
make_pair (const char *dir, int dir_fd, const char *role, enum vtpm_ca_key_type type,
           const char *name, const struct vtpm_certificate_issuer *issuer, time_t now,
           struct vtpm_certificate_issuer *made, struct vtpm_error **error)
{
  char key[32], certificate[32], common_name[128];

  snprintf (key, sizeof (key), "%s.key", role);
  snprintf (certificate, sizeof (certificate), "%s.pem", role);
  snprintf (common_name, sizeof (common_name), "%s EK %s", name, role);
  if (vtpm_ca_key_make (type, &made->key, error) < 0
      || vtpm_ca_certificate_make (made->key, common_name, issuer, now, &made->certificate, error)
             < 0
      || vtpm_ca_key_write (dir_fd, key, PATH (dir, key), made->key, error) < 0)
    return -1;
  return vtpm_ca_certificate_write (dir_fd, certificate, PATH (dir, certificate),
                                    made->certificate, error);
}

static void
clear_issuer (struct vtpm_certificate_issuer *issuer)
{
  X509_free (issuer->certificate);
  EVP_PKEY_free (issuer->key);
}

#define _cleanup_issuer_ VTPM_CLEANUP (clear_issuer)

static int
make_keys (const char *dir, int dir_fd, enum vtpm_ca_key_type type, const char *name, time_t now,
           struct vtpm_error **error)
{
  _cleanup_issuer_ struct vtpm_certificate_issuer root = { 0 };
  _cleanup_issuer_ struct vtpm_certificate_issuer issuer = { 0 };

  if (make_pair (dir, dir_fd, "root", type, name, NULL, now, &root, error) < 0)
    return -1;
  return make_pair (dir, dir_fd, "issuer", type, name, &root, now, &issuer, error);
}

int
vtpm_ca_create (const struct vtpm_ca_place *place, enum vtpm_ca_key_type type, const char *name,
                time_t now, struct vtpm_error **error)
{
  const char *dir = place->dir;
  _cleanup_close_ int dir_fd = -1;
  _cleanup_close_ int lock_fd = -1;

  if (open_dir (dir, &dir_fd, error) < 0 || lock (dir, dir_fd, &lock_fd, error) < 0
      || remove_leftovers (dir, dir_fd, error) < 0
      || (place->certificate == NULL && make_keys (dir, dir_fd, type, name, now, error) < 0)
      || vtpm_ca_counter_create (dir_fd, "serial", PATH (dir, "serial"), 1, error) < 0
      || vtpm_ca_counter_create (dir_fd, "crlnumber", PATH (dir, "crlnumber"), 1, error) < 0)
    return -1;
  return vtpm_ca_index_create (dir_fd, PATH (dir, VTPM_CA_INDEX), error);
}

/* Somebody may have put files of another authority there.  */
static int
check_pair (const struct vtpm_ca *ca, struct vtpm_error **error)
{
  if (X509_check_private_key (ca->issuer.certificate, ca->issuer.key) != 1)
    return vtpm_error_set_plain (error, EBADMSG, "%s is not the key of %s", ca->key,
                                 ca->certificate);
  if (ca->root != NULL && X509_verify (ca->issuer.certificate, X509_get0_pubkey (ca->root)) != 1)
    return vtpm_error_set_plain (error, EBADMSG, "%s is not signed by %s", ca->certificate,
                                 PATH (ca->dir, "root.pem"));
  return 0;
}

static int
check_directory (const struct vtpm_ca *ca, struct vtpm_error **error)
{
  if (faccessat (ca->dir_fd, VTPM_CA_INDEX, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
    return vtpm_error_set_plain (error, errno,
                                 "there is no authority in %s (no " VTPM_CA_INDEX "): vtpmctl ca init "
                                 "makes one",
                                 ca->dir);
  return 0;
}

static int
load_own (struct vtpm_ca *ca, struct vtpm_error **error)
{
  snprintf (ca->certificate, sizeof (ca->certificate), "%s", PATH (ca->dir, "issuer.pem"));
  snprintf (ca->key, sizeof (ca->key), "%s", PATH (ca->dir, "issuer.key"));
  if (vtpm_ca_certificate_read (ca->dir_fd, "root.pem", PATH (ca->dir, "root.pem"), &ca->root,
                                error)
          < 0
      || vtpm_ca_certificate_read (ca->dir_fd, "issuer.pem", ca->certificate,
                                   &ca->issuer.certificate, error)
             < 0)
    return -1;
  return vtpm_ca_key_read (ca->dir_fd, "issuer.key", ca->key, &ca->issuer.key, error);
}

static int
load_given (struct vtpm_ca *ca, const struct vtpm_ca_place *place, struct vtpm_error **error)
{
  snprintf (ca->certificate, sizeof (ca->certificate), "%s", place->certificate);
  snprintf (ca->key, sizeof (ca->key), "%s", place->key);
  if (vtpm_ca_certificate_read (AT_FDCWD, place->certificate, place->certificate,
                                &ca->issuer.certificate, error)
      < 0)
    return -1;
  return vtpm_ca_key_find (place->key, &ca->issuer.key, error);
}

int
vtpm_ca_open (const struct vtpm_ca_place *place, struct vtpm_ca **ca, struct vtpm_error **error)
{
  _cleanup_ca_ struct vtpm_ca *made = calloc (1, sizeof (*made));

  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot open %s", place->dir);
  snprintf (made->dir, sizeof (made->dir), "%s", place->dir);
  made->dir_fd = -1;
  if (open_dir (place->dir, &made->dir_fd, error) < 0 || check_directory (made, error) < 0
      || (place->certificate == NULL ? load_own (made, error) : load_given (made, place, error)) < 0
      || check_pair (made, error) < 0)
    return -1;
  *ca = vtpm_steal_pointer (&made);
  return 0;
}

void
vtpm_ca_close (struct vtpm_ca *ca)
{
  if (ca == NULL)
    return;
  vtpm_cleanup_close (&ca->dir_fd);
  X509_free (ca->root);
  clear_issuer (&ca->issuer);
  free (ca);
}

X509 *
vtpm_ca_issuer (const struct vtpm_ca *ca)
{
  return ca->issuer.certificate;
}

X509 *
vtpm_ca_root (const struct vtpm_ca *ca)
{
  return ca->root;
}

static int
make_serial (struct vtpm_ca *ca, uint8_t serial[VTPM_SERIAL_SIZE], struct vtpm_error **error)
{
  uint64_t number;

  if (vtpm_ca_counter_take (ca->dir_fd, "serial", PATH (ca->dir, "serial"), &number, error) < 0)
    return -1;
  /* Positive, and always of the same length.  */
  serial[0] = 0x40;
  for (int i = 0; i < 7; i++)
    serial[1 + i] = (uint8_t) (number >> (8 * (6 - i)));
  if (RAND_bytes (serial + 8, VTPM_SERIAL_SIZE - 8) != 1)
    return vtpm_error_set_plain (error, EIO, "cannot make a serial number");
  return 0;
}

int
vtpm_ca_issue (struct vtpm_ca *ca, const struct vtpm_certificate_request *request,
               const struct vtpm_certificate_policy *policy, time_t now,
               uint8_t certificate[VTPM_CERTIFICATE_MAX], size_t *size, struct vtpm_error **error)
{
  _cleanup_x509_ X509 *made = NULL;
  _cleanup_close_ int lock_fd = -1;
  uint8_t serial[VTPM_SERIAL_SIZE];
  unsigned char *next = certificate;

  if (X509_cmp_time (X509_get0_notAfter (ca->issuer.certificate), &now) <= 0)
    return vtpm_error_set_plain (error, EKEYEXPIRED, "%s has expired%s", ca->certificate,
                                 ca->root != NULL ? ": vtpmctl ca renew" : "");
  if (lock (ca->dir, ca->dir_fd, &lock_fd, error) < 0 || make_serial (ca, serial, error) < 0
      || vtpm_certificate_make (request, policy, &ca->issuer, serial, now, &made, error) < 0
      || vtpm_ca_index_append (ca->dir_fd, PATH (ca->dir, VTPM_CA_INDEX), made,
                               request->binding.uuid, error)
             < 0)
    return -1;
  *size = (size_t) i2d_X509 (made, &next);
  return 0;
}

int
vtpm_ca_read_index (struct vtpm_ca *ca, struct vtpm_ca_index *index, struct vtpm_error **error)
{
  _cleanup_close_ int lock_fd = -1;

  if (lock (ca->dir, ca->dir_fd, &lock_fd, error) < 0)
    return -1;
  return vtpm_ca_index_read (ca->dir_fd, PATH (ca->dir, VTPM_CA_INDEX), index, error);
}

int
vtpm_ca_list_revoked (struct vtpm_ca *ca, time_t now, unsigned int days, X509_CRL **list,
                      struct vtpm_error **error)
{
  _cleanup_ca_index_ struct vtpm_ca_index index = { 0 };
  _cleanup_close_ int lock_fd = -1;
  uint64_t number;

  if (lock (ca->dir, ca->dir_fd, &lock_fd, error) < 0
      || vtpm_ca_index_read (ca->dir_fd, PATH (ca->dir, VTPM_CA_INDEX), &index, error) < 0
      || vtpm_ca_counter_take (ca->dir_fd, "crlnumber", PATH (ca->dir, "crlnumber"), &number,
                               error)
             < 0)
    return -1;
  return vtpm_ca_crl_make (&index, number, &ca->issuer, now, days, list, error);
}

int
vtpm_ca_revoke (struct vtpm_ca *ca, const char *name, time_t now, size_t *count,
                struct vtpm_error **error)
{
  _cleanup_close_ int lock_fd = -1;

  if (lock (ca->dir, ca->dir_fd, &lock_fd, error) < 0)
    return -1;
  return vtpm_ca_index_revoke (ca->dir_fd, PATH (ca->dir, VTPM_CA_INDEX), name, now, count, error);
}

static int
get_name (X509 *certificate, char name[NAME_SIZE])
{
  return X509_NAME_get_text_by_NID (X509_get_subject_name (certificate), NID_commonName, name,
                                    NAME_SIZE)
                 > 0
             ? 0
             : -1;
}

int
vtpm_ca_renew (struct vtpm_ca *ca, time_t now, struct vtpm_error **error)
{
  struct vtpm_certificate_issuer root = { .certificate = ca->root };
  _cleanup_pkey_ EVP_PKEY *key = NULL;
  _cleanup_x509_ X509 *made = NULL;
  _cleanup_close_ int lock_fd = -1;
  char name[NAME_SIZE];

  if (ca->root == NULL)
    return vtpm_error_set_plain (error, EINVAL, "%s is not this authority's to renew",
                                 ca->certificate);
  if (lock (ca->dir, ca->dir_fd, &lock_fd, error) < 0)
    return -1;
  if (vtpm_ca_key_read (ca->dir_fd, "root.key", PATH (ca->dir, "root.key"), &key, error) < 0)
    return vtpm_error_wrap (error, "the root's key is needed");
  root.key = key;
  if (X509_check_private_key (ca->root, key) != 1)
    return vtpm_error_set_plain (error, EBADMSG, "%s is not the key of %s",
                                 PATH (ca->dir, "root.key"), PATH (ca->dir, "root.pem"));
  if (get_name (ca->issuer.certificate, name) < 0)
    return vtpm_error_set_plain (error, EBADMSG, "%s has no common name", ca->certificate);
  if (vtpm_ca_certificate_make (ca->issuer.key, name, &root, now, &made, error) < 0
      || vtpm_ca_certificate_replace (ca->dir_fd, "issuer.pem", ca->certificate, made, error) < 0)
    return -1;
  X509_free (ca->issuer.certificate);
  ca->issuer.certificate = vtpm_steal_pointer (&made);
  return 0;
}
