#include "inspector/single_file.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/base64.hpp"
#include "base/files.hpp"
#include "inspector/page.hpp"
#include "reporters/record_json.hpp"

namespace interoper {
namespace {

// A timeline above this is for `inspect`: a browser would hold it several times over.
constexpr std::size_t largest_timeline_bytes = std::size_t{64} * 1024 * 1024;

// As gzip, the same bytes for the same input at any time.
std::string compressed(std::string_view bytes) {
  constexpr std::size_t overhead_bytes = 4096;
  std::string out(bytes.size() + bytes.size() / 100 + overhead_bytes, '\0');
  std::size_t used = 0;
  const std::unique_ptr<archive, decltype(&archive_write_free)> writer(archive_write_new(), archive_write_free);
  const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(), archive_entry_free);
  archive_write_add_filter_gzip(writer.get());
  archive_write_set_filter_option(writer.get(), "gzip", "timestamp", nullptr);
  archive_write_set_format_raw(writer.get());
  archive_write_set_bytes_in_last_block(writer.get(), 1);
  archive_write_open_memory(writer.get(), out.data(), out.size(), &used);
  archive_entry_set_pathname(entry.get(), "data");
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_write_header(writer.get(), entry.get());
  archive_write_data(writer.get(), bytes.data(), bytes.size());
  if (archive_write_close(writer.get()) != ARCHIVE_OK) throw WorldError("write-failed", "cannot compress a part of the page");
  out.resize(used);
  return out;
}

// 'sha256-…' as a content policy names a script or style that may stand in the document.
std::string policy_hash(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    throw WorldError("no-sha256", "the crypto library refuses SHA-256");
  return "'sha256-" + base64(std::string_view(reinterpret_cast<const char*>(digest.data()), length)) + "'";
}

std::string part(std::string_view name, std::string_view bytes) {
  return "<script type=\"text/plain\" class=\"part\" data-name=\"" + html_escape(name) + "\">" + base64(compressed(bytes)) + "</script>\n";
}

struct Wanted {
  const CellRecord* cell;
  const AttemptRecord* attempt;
};

// All attempts, those of cells that tell most first.
std::vector<Wanted> wanted(const RunRecord& run) {
  std::vector<Wanted> all;
  for (const CellRecord& cell : run.cells) {
    for (auto attempt = cell.attempts.rbegin(); attempt != cell.attempts.rend(); ++attempt)
      all.push_back({&cell, &*attempt});
  }
  const auto tells = [](const Wanted& one) { return badness(one.cell->verdict) * 2 + (one.cell->flaky ? 1 : 0); };
  std::sort(all.begin(), all.end(), [&](const Wanted& a, const Wanted& b) {
    if (tells(a) != tells(b)) return tells(a) > tells(b);
    return a.cell != b.cell ? a.cell < b.cell : a.attempt > b.attempt;  // in plan order, the last attempt first
  });
  return all;
}

}  // namespace

std::string single_file(Site& site, std::size_t timeline_bytes) {
  const Page page = embedded_page();
  if (page.script.empty()) throw WorldError("no-page", std::string(no_page));
  const Recording& recording = site.recording();
  std::string timelines;
  std::size_t left_out = 0;
  for (const Wanted& one : wanted(recording.run)) {
    const auto file = timeline_file(recording, *one.attempt);
    std::error_code error;
    if (!file || !std::filesystem::is_regular_file(*file, error)) continue;
    const bool fits = timelines.size() < timeline_bytes && std::filesystem::file_size(*file, error) <= largest_timeline_bytes && !error;
    const std::string facts = fits ? site.facts(one.cell->cell.test, *one.attempt) : "";
    if (facts.empty()) {
      ++left_out;
      continue;
    }
    const std::string name = one.cell->cell.id + " " + std::to_string(one.attempt->n);
    const std::string both = part("facts " + name, facts) + part("lines " + name, read_whole(*file, largest_timeline_bytes));
    if (timelines.size() + both.size() > timeline_bytes) {
      ++left_out;
      continue;
    }
    timelines += both;
  }
  const std::string sentence =
      left_out == 0 ? "" : std::to_string(left_out) + " timelines are not in this file: `interoper inspect` shows them all";
  const std::string policy = "default-src 'none'; script-src " + policy_hash(page.script) + "; style-src " + policy_hash(page.style) +
                             "; img-src data:; base-uri 'none'; form-action 'none'";
  const std::string head = "<meta http-equiv=\"Content-Security-Policy\" content=\"" + html_escape(policy) + "\">\n<style>" +
                           std::string(page.style) + "</style>\n";
  const std::string body = part("report.json", report_text(recording.run)) + part("about.json", site.about(sentence)) + timelines +
                           "<script>" + std::string(page.script) + "</script>\n";
  return page_document("interoper: " + recording.run.id, head, body);
}

}  // namespace interoper
