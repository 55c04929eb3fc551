import CApusDrivers
import Testing

@Suite struct OneDNNLibraryTests {
  @Test func namesAFileThatIsNotThere() {
    let (library, error) = OneDNN.open("/nonexistent/libdnnl.so.3")
    #expect(library == nil)
    #expect(error.contains("/nonexistent/libdnnl.so.3"))
  }

  @Test func listsTheFunctionsThatAnotherLibraryLacks() {
    let (library, error) = OneDNN.open("libm.so.6")
    #expect(library == nil)
    #expect(error.contains("dnnl_version"))
  }

  @Test(.enabled(if: OneDNN.isAvailable, "oneDNN is not there: Scripts/fetch-onednn.sh"))
  func replacesTheThreads() throws {
    let version = apus_onednn_get_version(try #require(OneDNN.library))
    #expect(version.major == 3)
    #expect(version.threads_replaced == 1)
  }

  @Test(.enabled(if: OneDNN.isAvailable, "oneDNN is not there: Scripts/fetch-onednn.sh"))
  func opensTwice() throws {
    let (library, error) = OneDNN.open(OneDNN.path)
    #expect(library != nil, "\(error)")
    apus_onednn_close(library)
  }
}
